using System.Collections.Immutable;

namespace FederatedClinicalMl.Studies;

/// <summary>What a sound study will not tell of whom its model serves worse, and the lines that would have it told: advice to whoever writes it, and no fault.</summary>
/// <param name="Sentence">What will be missing.</param>
/// <param name="Lines">Items for <c>evaluation.subgroups</c>, in YAML; empty where no feature is a sex or an age by name or definition.</param>
public sealed record SubgroupAdvice(string Sentence, ImmutableArray<string> Lines)
{
    private static readonly ImmutableArray<double> s_bands = [45, 65]; // years

    /// <summary>The advice for a study; null: it divides by sex and age where it has them, or could not.</summary>
    public static SubgroupAdvice? For(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        var declared = study.Evaluation.Subgroups;
        if (study.Privacy is not null || study.Evaluation.Every == 0 || study.Data.Features.IsEmpty || declared.Length == EvaluationShape.MaximumPartitions)
            return null; // counts of subgroups have no noise, and where nothing is evaluated nothing is counted
        var missing = new[] { (What: "sex", Feature: Find(study, IsSex)), (What: "age", Feature: Find(study, IsAge)) }
            .Where(kind => kind.Feature is { } feature && declared.All(partition => partition.Feature != feature.Name)).Take(EvaluationShape.MaximumPartitions - declared.Length).ToList();
        if (missing.Count > 0)
        {
            return new SubgroupAdvice(
                $"It declares no subgroups by {string.Join(" and by ", missing.Select(kind => kind.What))}: neither its evaluations nor the model's card will tell whether the model serves some worse than others.",
                [.. missing.Select(kind => $"- {{feature: {Quoted(kind.Feature!.Name)}{Division(kind.Feature)}}}")]);
        }

        return !declared.IsEmpty ? null : new SubgroupAdvice(
            "It declares no subgroups, and none of its features is a sex or an age by name or definition: neither its evaluations nor the model's card will tell whom the model serves worse. Rows can be divided by any of its features, of a number by bands.", []);
    }

    private static Feature? Find(Study study, Func<Feature, bool> isOne) => study.Data.Features.FirstOrDefault(feature => isOne(feature) && (feature.Type == FeatureType.Number || feature.Levels.Length <= EvaluationShape.MaximumGroups));

    private static bool IsSex(Feature feature) => feature.Source is { } source ? source.Value is SexValue : HasWord(feature.Name, "sex", "gender");

    private static bool IsAge(Feature feature) => feature.Source is { } source ? source.Value is AgeValue : HasWord(feature.Name, "age");

    private static bool HasWord(string name, params string[] words) => name.Split([' ', '-', '_', '.', '/']).Any(part => words.Contains(part, StringComparer.OrdinalIgnoreCase));

    // Of a category each level is a subgroup. What the two numbers of a column's sex stand for, its hospitals know.
    private static string Division(Feature feature)
    {
        if (feature.Type == FeatureType.Category)
            return "";
        var inside = IsAge(feature) && feature.Unit is "a" or "1" ? s_bands.Where(band => band > feature.Minimum && band < feature.Maximum).ToList() : [];
        var bands = inside.Count > 0 ? inside : [feature.Minimum + ((feature.Maximum - feature.Minimum) / 2)];
        return $", bands: [{string.Join(", ", bands.Select(CanonicalNumber.Format))}]{(feature.Source?.Value is SexValue ? ", names: [women, men]" : "")}";
    }

    private static string Quoted(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? name : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";
}
