namespace FederatedClinicalMl.Tests.Studies.Reference;

public sealed class StudyReferenceTests
{
    private const string File = "docs/reference/study-protocol.md";
    private const string Begin = "<!-- begin: made from the code -->\n";
    private const string End = "\n<!-- end: made from the code -->";

    [Fact]
    public void Reference_tables_areWhatTheCodeGenerates()
    {
        var text = Repository.Read(File).ReplaceLineEndings("\n");
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= 0 && end > begin, $"{File} has lost its marks.");

        Published.Equal(File, text[..(begin + Begin.Length)] + StudyReference.Tables() + text[end..]);
    }
}
