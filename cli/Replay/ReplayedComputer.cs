using System.Collections.Immutable;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>A site's computer that takes part in just those steps in which the site took part when the run was recorded, and declines all others.</summary>
/// <param name="inner">Computes.</param>
/// <param name="steps">The steps of the record.</param>
/// <param name="minimumCell">Least count that the site released.</param>
internal sealed class ReplayedComputer(IStepComputer inner, ImmutableHashSet<(RoundNumber Round, StepKind Kind)> steps, int minimumCell) : IStepComputer
{
    /// <inheritdoc/>
    public StepComputation Compute(StepRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        return steps.Contains((request.Step.Round, request.Step.Kind))
            ? inner.Compute(request with { Policy = request.Policy with { MinimumCell = minimumCell } }, cancel)
            : throw new StepDeclinedException(Reason.WorkerUnreachable, "The record says that the site did not take part in this step.");
    }
}
