using System.Runtime.InteropServices;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker;

/// <summary>Makes numbers up, the same for the same round, where what is computed does not matter. Its "data" are the list of those who opted out.</summary>
internal sealed class FakeComputer : IStepComputer
{
    /// <summary>Values of an update: enough that a file of them has several of the simulated disk's blocks.</summary>
    public const int Dimension = 500;

    /// <summary>How often something was computed to the end.</summary>
    public int Computed { get; private set; }

    /// <summary>Called at the start of each computation; may do what happens meanwhile, or throw what a computation throws.</summary>
    public Action<StepRequest, CancellationToken>? Meanwhile { get; set; }

    public StepComputation Compute(StepRequest request, CancellationToken cancel)
    {
        Meanwhile?.Invoke(request, cancel);
        Computed++;
        var isUpdate = request.Step.Kind == StepKind.Training;
        return new StepComputation(
            isUpdate ? PayloadOf(request.Step.Round.Value) : "{}"u8.ToArray(), isUpdate ? "float32" : "json", isUpdate ? Dimension : 0, isUpdate ? 1 : 0, 0,
            Sha256Digest.Of(request.Exclusions.Hashes.Order().SelectMany(hash => hash.Span.ToArray()).ToArray()), "fake", isUpdate ? 0 : request.Policy.MinimumCell);
    }

    /// <summary>The update of a round.</summary>
    public static byte[] PayloadOf(int round) =>
        MemoryMarshal.AsBytes<float>(Enumerable.Range(0, Dimension).Select(i => round + (i / 1024f)).ToArray()).ToArray();
}
