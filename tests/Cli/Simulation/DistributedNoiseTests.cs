using System.Runtime.InteropServices;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>Noise that only a masked sum has enough of, through the production cores of a whole federation.</summary>
public sealed class DistributedNoiseTests
{
    private static readonly Study s_study = Placed("distributed");

    [Fact]
    public void Sum_of_the_sites_noisy_codes_is_one_step_of_gradient_descent_and_each_site_adds_its_part_of_the_noise()
    {
        var computers = s_study.Federation.Sites.Select(site => new SimulatedSite(site, new Codes(site))).ToList();
        var federation = new SimulatedFederation(
            s_study, SimulatedKeys.Sign(s_study), RunId.Parse("5100000000000001"), new Timeline(), new Weather(), new SimulatedKeys(), computers, new MemoryDisks().Open);
        Sha256Digest? first = null;
        federation.Coordinator.Journaled += journaled =>
        {
            if (journaled.Event is StepCommitted { Step: { Kind: StepKind.Unmasking, Round.Value: 1 } } committed)
                first = committed.Result;
        };
        federation.RunToModel(null, TestContext.Current.CancellationToken);

        // Four members, threshold 3, one assumed colluder: two honest shares are the least that protects.
        Assert.All(computers, site => Assert.Equal(Rational.Of(1, 2), ((Codes)site.Computer).Share));
        // 4 sites of 2^20 codes each: a mean gradient of 2^20 / (2^20 * 0.5 * 100), and a step of 0.5 along it.
        var expected = ModelPlan.For(s_study).InitialParameters().Select(initial => (float)(initial - 0.01)).ToArray();
        Assert.Equal(Sha256Digest.Of(MemoryMarshal.AsBytes<float>(expected)), first);
        Assert.All(federation.Workers.Values, worker => Assert.Equal(2, worker.Core.State.Ledger.Charged.Count));
    }

    [Fact]
    public void Central_noise_is_added_to_the_masked_sum_by_the_coordinator_once_and_none_by_a_site()
    {
        var study = Placed("central");
        var computers = study.Federation.Sites.Select(site => new SimulatedSite(site, new Codes(site))).ToList();
        var disks = new MemoryDisks();
        var (run, initial) = (RunId.Parse("5100000000000001"), ModelPlan.For(study).InitialParameters());
        var federation = new SimulatedFederation(study, SimulatedKeys.Sign(study), run, new Timeline(), new Weather(), new SimulatedKeys(), computers, disks.Open);
        var (expected, first, kept) = (Array.Empty<float>(), default(Sha256Digest?), Array.Empty<long>());
        long[] noiseless = [4 << 20, 4 << 20];
        long[] sums = [.. noiseless];
        federation.Coordinator.Journaled += journaled =>
        {
            if (journaled.Event is not StepCommitted { Step: { Kind: StepKind.Unmasking, Round.Value: 1 } step } committed)
                return;
            first = committed.Result;
            kept = MemoryMarshal.Cast<byte, long>(federation.Coordinator.Result(committed.Sum!.Value)).ToArray();
            var roots = new NoiseRoots(disks.Open("coordinator")); // the root is there while the run is open
            using (var stream = roots.StreamFor(step, Sha256Digest.Of(MemoryMarshal.AsBytes<float>(initial.ToArray())), MemoryMarshal.AsBytes<long>(sums)))
                DiscreteGaussian.Of(GaussianCalibration.Of(ClippedSum.OfPatients(2, 1), 1, 1 << 20, Rational.Of(4)).Variance).AddTo(sums, stream); // z = 2, C = 1 and 2^20 codes of it
            expected = [.. initial.Select((value, i) => (float)(value - (0.5 / ((1 << 20) * 0.5 * 100) * (sums[i] / 4.0))))];
        };
        federation.RunToModel(null, TestContext.Current.CancellationToken);

        Assert.All(computers, site => Assert.Equal(Rational.Zero, ((Codes)site.Computer).Share));
        Assert.NotEqual(expected[0] - initial[0], expected[1] - initial[1]); // without noise both move alike
        Assert.Equal(Sha256Digest.Of(MemoryMarshal.AsBytes<float>(expected)), first);
        Assert.Equal(sums, kept); // with the noise that was added
        Assert.DoesNotContain(disks.Open("coordinator").List("results"), name => name == Sha256Digest.Of(MemoryMarshal.AsBytes<long>(noiseless)).ToString());
        Assert.All(federation.Workers.Values, worker => Assert.Equal(2, worker.Core.State.Ledger.Charged.Count));
        Assert.True(federation.Run(() => disks.Open("coordinator").List(NoiseRoots.Folder).Count == 0, 1000)); // and is erased with its end
    }

    [Fact]
    public void Codes_beyond_what_honest_sites_can_add_up_to_void_the_round()
    {
        var computers = s_study.Federation.Sites.Select(site => new SimulatedSite(site, new Codes(site) { Code = site.Value == "west" ? 1L << 60 : 1 }));
        var federation = new SimulatedFederation(
            s_study, SimulatedKeys.Sign(s_study), RunId.Parse("5100000000000001"), new Timeline(), new Weather(), new SimulatedKeys(), [.. computers], new MemoryDisks().Open);
        federation.Coordinator.StartRun(federation.Sites);
        Assert.True(federation.Run(() => federation.Coordinator.State is { Ended: true }, 1_000_000));

        Assert.Equal(RunStatus.Failed, federation.Coordinator.State!.Status);
        Assert.Contains(federation.Coordinator.State.History, step => step.Reason?.Contains(RoundFaults.Code(RoundFault.SumVoid), StringComparison.Ordinal) == true);
    }

    private static Study Placed(string placement) => SimulatedKeys.Name(StudyChecker.CheckYaml($$$"""
        protocol: 1
        name: distributed
        title: Noise in parts
        purpose: A test of this software
        ethics: Made-up data; no approval needed
        data:
          dataset: rows
          features:
            - {name: age, range: [0, 120], constants: {mean: 60, sd: 10}}
          label: {name: ill}
        model: {kind: logistic-regression}
        training: {learning-rate: 0.5, local-steps: 1}
        federation: {rounds: 2, sites: [east, north, south, west], quorum: 3, weighting: equal, aggregation: secure}
        evaluation: {every: 0}
        privacy: {dp: {noise-multiplier: 2, clipping-norm: 1, sampling-rate: 0.5, patients: 100, placement: {{{placement}}} } }
        """).Study!, []);

    /// <summary>Computes the same codes in each round, and charges for them.</summary>
    private sealed class Codes(SiteId site) : IStepComputer
    {
        public Rational? Share { get; private set; }

        public long Code { get; init; } = 1 << 20;

        public StepComputation Compute(StepRequest request, CancellationToken cancel)
        {
            var data = Sha256Digest.Of(System.Text.Encoding.ASCII.GetBytes(site.Value));
            if (request.Step.Kind == StepKind.KeyAgreement)
                return new StepComputation(default, ReleaseManifest.MessageEncoding, 0, 0, 0, data, "managed", 0);
            request.Randomness!(data).Dispose();
            Share = request.NoiseShare;
            return new StepComputation(MemoryMarshal.AsBytes<long>([Code, Code]).ToArray(), "codes", 2, 1, 0, data, "managed", 0);
        }
    }
}
