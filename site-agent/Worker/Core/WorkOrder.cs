using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>An order for one step, its ids checked.</summary>
/// <param name="Step">The step.</param>
/// <param name="Study">The study.</param>
/// <param name="Parameters">The parameters to start from; null for preparation and profile.</param>
/// <param name="Constants">Canonical JSON of the constants; empty for preparation.</param>
/// <param name="Inputs">Of secure aggregation: what the coordinator gives for the step.</param>
/// <param name="File">SHA-256 of what it gives besides, in the incoming directory: of an encrypted round, or the other model's parameters of a comparison; null otherwise.</param>
/// <param name="Comparison">Of a comparison: whose the other parameters are; null otherwise.</param>
/// <param name="Monitoring">Of monitoring: of which version something is asked; null otherwise.</param>
internal sealed record WorkOrder(StepId Step, StudyDigest Study, Sha256Digest? Parameters, ReadOnlyMemory<byte> Constants, ReadOnlyMemory<byte> Inputs, Sha256Digest? File = null, ComparisonOrder? Comparison = null, MonitoringOrder? Monitoring = null)
{
    public Sha256Digest? ConstantsDigest => Constants.IsEmpty ? null : Sha256Digest.Of(Constants.Span);

    /// <summary>Of a comparison: the model that the order's parameters are compared with; null otherwise.</summary>
    public ComparedModel? Against => Comparison is null ? null : new ComparedModel(Comparison.Study, File!.Value, Sha256Digest.Of(Comparison.Constants.Span));

    /// <exception cref="StepDeclinedException">The order is malformed, or is for another site.</exception>
    public static WorkOrder Read(StepOrder order, SiteId site)
    {
        if (order.Site != site.Value)
            throw new StepDeclinedException(Reason.StudyNotApproved, $"The order is for the site '{order.Site}'; this worker is '{site}', as worker.yaml says. Gateway and worker must be of one site.");
        var precedes = ((StepKind)order.Kind).IsWithoutParameters();
        if (!RunId.TryParse(order.Run, out var run)
            || order.Kind == StepOrder.Types.Kind.Unspecified || !Enum.IsDefined(order.Kind)
            || order.Round > int.MaxValue || order.Attempt is < 1 or > int.MaxValue || (order.Round == 0) != precedes
            || order.StudyDigest.Length != Sha256Digest.Length)
            throw new StepDeclinedException(Reason.RoundOutOfOrder, "The order's run, round, kind, attempt or study cannot be what they are.");
        if (order.ParametersDigest.Length != (precedes ? 0 : Sha256Digest.Length) || (precedes && !order.Constants.IsEmpty))
            throw new StepDeclinedException(Reason.ParametersWrong, "A preparation, a profile or monitoring has neither parameters nor constants; every other step names its parameters by SHA-256.");
        if (order.FileDigest.Length is not (0 or Sha256Digest.Length))
            throw new StepDeclinedException(Reason.ParametersWrong, "A step's file is named by its SHA-256.");
        return new WorkOrder(
            new StepId(run, new RoundNumber((int)order.Round), (StepKind)order.Kind, (int)order.Attempt),
            new StudyDigest(new Sha256Digest(order.StudyDigest.Span)),
            precedes ? null : new Sha256Digest(order.ParametersDigest.Span),
            order.Constants.Memory,
            order.Inputs.Memory,
            order.FileDigest.IsEmpty ? null : new Sha256Digest(order.FileDigest.Span),
            order.Kind == StepOrder.Types.Kind.Comparison ? ReadComparison(order) : null,
            order.Kind == StepOrder.Types.Kind.Monitoring ? ReadMonitoring(order) : null);
    }

    private static MonitoringOrder ReadMonitoring(StepOrder order)
    {
        try
        {
            return MonitoringOrder.Read(order.Inputs.Span);
        }
        catch (FormatException fault)
        {
            throw new StepDeclinedException(Reason.ParametersWrong, $"Of which version something is asked cannot be read: {fault.Message}");
        }
    }

    private static ComparisonOrder ReadComparison(StepOrder order)
    {
        if (order.FileDigest.IsEmpty)
            throw new StepDeclinedException(Reason.ParametersWrong, "A comparison names the other model's parameters as its file.");
        try
        {
            return ComparisonOrder.Read(order.Inputs.Span);
        }
        catch (FormatException fault)
        {
            throw new StepDeclinedException(Reason.ParametersWrong, $"What is to be compared with cannot be read: {fault.Message}");
        }
    }
}
