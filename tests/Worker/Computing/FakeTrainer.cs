using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Tests.Worker.Computing;

/// <summary>In place of training: a change that is another one for any other row, and that fits every encoding.</summary>
internal sealed class FakeTrainer : ITrainer
{
    public string Capability => "fake";

    public float[] Train(TrainingWork work, ReadOnlySpan<float> parameters, CancellationToken cancel)
    {
        var change = new float[parameters.Length];
        foreach (var (at, input) in work.Rows.Inputs.Index())
            change[at % change.Length] += input / 1024;
        foreach (var label in work.Rows.Labels)
            change[^1] += label / 1024;
        return change;
    }
}
