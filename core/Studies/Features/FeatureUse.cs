namespace FederatedClinicalMl.Studies;

/// <summary>Puts the library's definitions in the place of references to them, before a study is checked: what is checked, digested and approved is whole.</summary>
internal static class FeatureUse
{
    private const string Use = "use";

    public static DeclarationNode Resolve(DeclarationNode study, FeatureLibrary library, FaultList faults)
    {
        if (study is not DeclaredMap whole || whole["data"] is not DeclaredMap data || data["features"] is not DeclaredList features)
            return study;
        var resolved = features with { Items = [.. features.Items.Select((item, i) => Resolve(item, Paths.Item("data.features", i), library, faults))] };
        return Replace(whole, "data", Replace(data, "features", resolved));
    }

    private static DeclarationNode Resolve(DeclarationNode feature, string path, FeatureLibrary library, FaultList faults)
    {
        if (feature is not DeclaredMap map || map.Entries.FirstOrDefault(entry => entry.Key == Use) is not { } use || map["definition"] is not null)
            return feature;
        if (FeatureReference.Shape.Check(use.Value, Paths.Key(path, Use), faults)?.GetValue<string>() is not { } reference)
            return new DeclaredAmiss(use.Value.Mark);
        if (library.Find(reference) is { } found)
        {
            var definition = At(JsonDeclarationReader.Convert(CanonicalJson.Read(found.Canonical.Span)), use.Value.Mark);
            return map with { Entries = [.. map.Entries.Select(entry => entry == use ? new DeclaredEntry("definition", use.Mark, definition) : entry)] };
        }

        faults.Add(use.Value.Mark, Paths.Key(path, Use), $"There is no feature {DeclarationNode.Quote(reference)} in the library. {Suggest(reference, library) ?? "'fcml features list' shows what there is; definitions of your own are read from the folder 'features' beside the study."}");
        return new DeclaredAmiss(use.Value.Mark);
    }

    // By the name alone, and of that the newest version: a name mistyped by one letter is as near to an old version as to the one that is meant.
    private static string? Suggest(string reference, FeatureLibrary library)
    {
        var newest = library.Features.GroupBy(one => one.Definition.Name, one => one.Definition).ToDictionary(group => group.Key, group => group.Last().Reference, StringComparer.Ordinal);
        return Nearest.Find(reference[..reference.IndexOf('@', StringComparison.Ordinal)], newest.Keys) is { } name ? $"Did you mean '{newest[name]}'?" : null;
    }

    // What is wrong with a definition is shown where the study refers to it.
    private static DeclarationNode At(DeclarationNode node, Mark mark) => node switch
    {
        DeclaredMap map => new DeclaredMap(mark, [.. map.Entries.Select(entry => new DeclaredEntry(entry.Key, mark, At(entry.Value, mark)))]),
        DeclaredList list => new DeclaredList(mark, [.. list.Items.Select(item => At(item, mark))]),
        _ => node with { Mark = mark },
    };

    private static DeclaredMap Replace(DeclaredMap map, string key, DeclarationNode value) =>
        map with { Entries = [.. map.Entries.Select(entry => entry.Key == key ? new DeclaredEntry(key, entry.Mark, value) : entry)] };
}
