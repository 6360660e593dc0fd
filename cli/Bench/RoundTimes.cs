using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>
/// How long each round took, by the times in the coordinator's own journal: from the opening of its training step to the opening of the
/// next round's, so that nothing falls between two rounds; the last round's to its commit.
/// </summary>
internal sealed class RoundTimes
{
    private readonly List<DateTimeOffset> _opened = [];
    private DateTimeOffset _end;

    /// <summary>Milliseconds of each round.</summary>
    public IReadOnlyList<double> Milliseconds =>
        [.. _opened.Zip(_opened.Skip(1).Append(_end), (from, to) => (to - from).TotalMilliseconds)];

    /// <summary>Takes in an event; whether it is the commit of a training step.</summary>
    public bool Apply(RunEvent journaled)
    {
        switch (journaled)
        {
            case StepAbandoned abandoned:
                throw new CliException(ExitCode.RunWithoutModel, $"A round came to nothing, so its time means nothing: {abandoned.Sentence}");
            case StepOpened { Step: { Kind: StepKind.Training } } opened:
                _opened.Add(opened.At);
                return false;
            case StepCommitted { Step: { Kind: StepKind.Training } } committed:
                _end = committed.At;
                return true;
            default:
                return false;
        }
    }
}
