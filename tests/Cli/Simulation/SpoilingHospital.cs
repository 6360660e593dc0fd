using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>Each round adds a quarter to the weight, which sorts the test rows rightly while it is above 0; in one round a site takes off as much as its range lets it.</summary>
internal sealed record SpoilingHospital
{
    public int SpoiltRound { get; init; }

    /// <summary>Whether the test rows are of one class, in the spoilt round or in all.</summary>
    public bool Undefined { get; init; }

    public IStepComputer At(SiteId site) => new Computer(this, site);

    private sealed class Computer(SpoilingHospital hospital, SiteId site) : IStepComputer
    {
        public StepComputation Compute(StepRequest request, CancellationToken cancel)
        {
            var spoilt = request.Step.Round.Value == hospital.SpoiltRound;
            switch (request.Step.Kind)
            {
                case StepKind.KeyAgreement:
                    return new StepComputation(default, ReleaseManifest.MessageEncoding, 0, 0, 0, null, "simulated", 0);
                case StepKind.Training:
                    var format = UpdateFormats.For(request.Study.Federation.Encoding);
                    var payload = new byte[format.PayloadLength(2)];
                    format.Encode([spoilt && site.Value == "west" ? -7.5f : 0.25f, 0], payload);
                    return new StepComputation(payload, format.Name, 2, 1, 0, null, "simulated", 0);
                default:
                    var weight = request.Parameters!.ReadAll(2)[0];
                    bool[] labels = hospital.Undefined && (spoilt || hospital.SpoiltRound == 0) ? [true, true] : [false, true];
                    return new StepComputation(new EvaluationReport(ScoreHistogram.Of([-weight, weight], labels)).Write(), "json", 0, 0, 0, null, "simulated", 1);
            }
        }
    }
}
