using System.Collections.Immutable;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>A site's computer that takes part in just those steps in which the site took part when the run was recorded, and declines all others.</summary>
/// <param name="inner">Computes.</param>
/// <param name="steps">The steps of the record, each with the least count that the site's policy let out.</param>
/// <param name="tellsArea">Whether the policy let exact areas out.</param>
internal sealed class ReplayedComputer(IStepComputer inner, ImmutableDictionary<(RoundNumber Round, StepKind Kind), int> steps, bool tellsArea) : IStepComputer
{
    /// <inheritdoc/>
    public StepComputation Compute(StepRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        return steps.TryGetValue((request.Step.Round, request.Step.Kind), out var minimumCell)
            ? inner.Compute(request with { Policy = request.Policy with { MinimumCell = minimumCell, PerSiteMetrics = minimumCell > 0, Comparisons = tellsArea } }, cancel)
            : throw new StepDeclinedException(Reason.WorkerUnreachable, "The record says that the site did not take part in this step.");
    }
}
