namespace FederatedClinicalMl.Cli;

/// <summary>An end that the user can mend. The message is one sentence that says what, where and how to mend it; it is printed without a stack trace.</summary>
internal sealed class CliException(ExitCode code, string sentence, Exception? cause = null) : Exception(sentence, cause)
{
    public ExitCode Code => code;
}
