namespace FederatedClinicalMl.SiteAgent.Import;

/// <summary>Something that somebody has to mend. Its message says what, where and how, and never a value of a row.</summary>
/// <param name="exitCode">How the program ends (<see cref="CommandLine"/>).</param>
/// <param name="message">For whoever runs it.</param>
public sealed class ImportException(int exitCode, string message) : Exception(message)
{
    /// <summary>How the program ends.</summary>
    public int ExitCode { get; } = exitCode;
}
