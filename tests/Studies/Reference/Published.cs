namespace FederatedClinicalMl.Tests.Studies.Reference;

/// <summary>
/// Files of the reference that are made from code. With FCML_REGENERATE=1 in the environment the tests write them; otherwise they
/// hold them against the code.
/// </summary>
internal static class Published
{
    public static void Equal(string file, string generated)
    {
        if (Environment.GetEnvironmentVariable("FCML_REGENERATE") == "1")
            File.WriteAllText(Repository.PathTo(file), generated);
        Assert.True(
            File.Exists(Repository.PathTo(file)) && Repository.Read(file).ReplaceLineEndings("\n") == generated,
            $"{file} is not what the code generates. Run `FCML_REGENERATE=1 dotnet run --project tests/Studies` and look at the difference.");
    }

    /// <summary>The part of a page between the marks of <paramref name="part"/>.</summary>
    public static void PartEqual(string file, string part, string generated)
    {
        var text = Repository.Read(file).ReplaceLineEndings("\n");
        var begin = $"<!-- begin: {part} -->\n";
        var from = text.IndexOf(begin, StringComparison.Ordinal);
        var to = text.IndexOf($"\n<!-- end: {part} -->", StringComparison.Ordinal);
        Assert.True(from >= 0 && to > from, $"{file} has lost its marks of '{part}'.");

        Equal(file, text[..(from + begin.Length)] + generated + text[to..]);
    }
}
