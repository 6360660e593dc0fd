using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// What computes a step: the site's own data and TorchSharp in production, something cheap in the simulator. Must be deterministic: the
/// same request gives the same payload, bit for bit, in this process and in the next, for after a crash a release is computed again.
/// </summary>
public interface IStepComputer
{
    /// <summary>
    /// Computes what would leave; of the key agreement of a masked round only what the round's update will be computed from and with, without a payload. The
    /// payload may be a buffer that the next call overwrites.
    /// </summary>
    /// <exception cref="StepDeclinedException">The step is not to be done; the closed reason goes to the coordinator.</exception>
    /// <exception cref="OperationCanceledException">The study's approval was revoked meanwhile.</exception>
    StepComputation Compute(StepRequest request, CancellationToken cancel);
}

/// <summary>One step to compute, checked against approval, order and policy.</summary>
/// <param name="Study">The approved study.</param>
/// <param name="Site">This site.</param>
/// <param name="Step">The step.</param>
/// <param name="Constants">Canonical JSON of the frozen preprocessing constants; empty for preparation.</param>
/// <param name="Parameters">The parameters to start from; null for preparation.</param>
/// <param name="Exclusions">Patients who opted out.</param>
/// <param name="Policy">The site's policy.</param>
/// <param name="Randomness">
/// Charges the release to the privacy ledger, given the fingerprint of the rows that it will be computed from, and gives the randomness of exactly it; asked before anything is computed. Null where the
/// study is not under differential privacy.
/// </param>
/// <param name="NoiseShare">The share of the noise that this site adds, where the study's sites add up gradients and the step is the masked sum's: 0 where the coordinator adds all of it; null elsewhere.</param>
/// <param name="Other">Of a comparison: the model that the parameters' is compared with; null otherwise.</param>
/// <param name="Monitoring">Of monitoring: what is asked of which version, and what is allowed of its line; null otherwise.</param>
public sealed record StepRequest(
    Study Study,
    SiteId Site,
    StepId Step,
    ReadOnlyMemory<byte> Constants,
    IncomingParameters? Parameters,
    ExclusionList Exclusions,
    SitePolicy Policy,
    Func<Sha256Digest, StepRandomness>? Randomness = null,
    Rational? NoiseShare = null,
    OtherModel? Other = null,
    (MonitoringOrder Order, ServingAllowance? Allowance)? Monitoring = null);

/// <summary>The model that another is compared with, its study approved here and its rows the same.</summary>
/// <param name="Study">Its study.</param>
/// <param name="Constants">Canonical JSON of its constants.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Named">By what the release names it.</param>
public sealed record OtherModel(Study Study, ReadOnlyMemory<byte> Constants, IncomingParameters Parameters, ComparedModel Named);

/// <summary>What was computed.</summary>
/// <param name="Payload">The release's payload; may be overwritten by the next computation.</param>
/// <param name="Encoding">As in the release's manifest.</param>
/// <param name="Dimension">Number of values of an update; 0 for JSON.</param>
/// <param name="Weight">How much an update counts, from 1; 0 for JSON.</param>
/// <param name="Saturated">Coordinates that met the encoding's range.</param>
/// <param name="Data">Keyed fingerprint of the data it was computed from; null where no data was read.</param>
/// <param name="Capability">What bit-identity depends on, e.g. "avx2;threads=1".</param>
/// <param name="MinimumCell">As in the release's manifest.</param>
public sealed record StepComputation(
    ReadOnlyMemory<byte> Payload,
    string Encoding,
    int Dimension,
    int Weight,
    long Saturated,
    Sha256Digest? Data,
    string Capability,
    int MinimumCell);

/// <summary>A step is declined: the closed reason is all that leaves; the sentence stays at the site.</summary>
public sealed class StepDeclinedException(Reason reason, string sentence) : Exception(sentence)
{
    /// <summary>What the coordinator hears.</summary>
    public Reason Reason { get; } = reason;
}
