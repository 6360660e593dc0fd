namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Where the dashboard serves the runbooks of the built-in rules.</summary>
public static class PagePath
{
    /// <summary>The page of all of them.</summary>
    public const string Runbooks = "/runbooks";

    /// <summary>The path of a runbook of the software's own; null: it is somewhere else.</summary>
    public static string? Of(string runbook)
    {
        ArgumentNullException.ThrowIfNull(runbook);
        return runbook.StartsWith($"{BuiltInRules.Runbooks}#", StringComparison.Ordinal) ? $"{Runbooks}{runbook[BuiltInRules.Runbooks.Length..]}" : null;
    }
}
