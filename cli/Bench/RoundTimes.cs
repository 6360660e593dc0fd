using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>
/// How long each round took, by the times in the coordinator's own journal: from the opening of its first step to the opening of the
/// next round's, so that nothing falls between two rounds; the last round's to the commit of its parameters.
/// </summary>
/// <param name="first">The kind of a round's first step.</param>
/// <param name="last">The kind of the step that makes its parameters.</param>
internal sealed class RoundTimes(StepKind first, StepKind last)
{
    private readonly List<DateTimeOffset> _opened = [];
    private DateTimeOffset _end;

    /// <summary>The times of a study's rounds.</summary>
    public static RoundTimes Of(Study study) => new(study.Federation.IsMasked ? StepKind.KeyAgreement : StepKind.Training, study.ParametersFrom);

    /// <summary>Milliseconds of each round.</summary>
    public IReadOnlyList<double> Milliseconds =>
        [.. _opened.Zip(_opened.Skip(1).Append(_end), (from, to) => (to - from).TotalMilliseconds)];

    /// <summary>Takes in an event; whether it is the commit of a round's parameters.</summary>
    public bool Apply(RunEvent journaled)
    {
        switch (journaled)
        {
            case StepAbandoned abandoned:
                throw new CliException(ExitCode.RunWithoutModel, $"A round came to nothing, so its time means nothing: {abandoned.Sentence}");
            case StepOpened opened when opened.Step.Kind == first:
                _opened.Add(opened.At);
                return false;
            case StepCommitted committed when committed.Step.Kind == last:
                _end = committed.At;
                return true;
            default:
                return false;
        }
    }
}
