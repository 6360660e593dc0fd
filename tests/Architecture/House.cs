namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>How a rule's answer becomes a test's outcome.</summary>
public static class House
{
    /// <summary>Fails with every violation in full, one per line.</summary>
    public static void Keeps(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
