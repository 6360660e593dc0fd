using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Ledger;

/// <summary>A site whose policy has ceilings, and what is asked of its ledger.</summary>
internal static class Spending
{
    public const string Ceilings = "{total: {epsilon: 3, delta: 1e-6}, study: {epsilon: 2, delta: 1e-6}, year: {epsilon: 2.5, delta: 1e-6}}";

    public static RunId Run(int number) => RunId.From(BitConverter.GetBytes((long)number));

    public static StudyDigest Study(int number) => new(Sha256Digest.Of(BitConverter.GetBytes(number)));

    /// <summary>A round of noisy sums: epsilon 0.4 or so by itself.</summary>
    public static PrivacyCharge Round { get; } = new GaussianCharge(Rational.Of(1, 10), Rational.Of(1L << 40), Rational.Of(1L << 44), 1000, 5);

    public static PrivacyCharge Count { get; } = new PureCharge(Rational.Of(1, 10));

    public static Site WithCeilings(this Site site, string ceilings = Ceilings)
    {
        site.Policy = Policies.PolicyText.With("privacy", ceilings);
        return site;
    }

    public static ChargeSchedule Plan(int run = 1, int rounds = 3, int study = 1, string dataset = "heart", PrivacyCharge? charge = null) =>
        new(Run(run), Study(study), dataset, [new PlannedCharge(charge ?? Round, rounds)]);

    public static ReleaseInputs Inputs(int run = 1, int round = 1, int attempt = 1, int study = 1, string data = "data", params PrivacyCharge[] charges) => new(
        new StepId(Run(run), new RoundNumber(round), StepKind.Training, attempt), Study(study), Sha256Digest.Of("parameters"u8), null,
        Sha256Digest.Of(System.Text.Encoding.ASCII.GetBytes(data)), charges.Length == 0 ? [Round] : [.. charges]);

    /// <summary>The first bytes of noise that a charged release gets.</summary>
    public static byte[] Noise(this Site site, ReleaseInputs inputs)
    {
        using var randomness = site.Ledger.Charge(inputs);
        using var stream = randomness.Stream("fcml-test-v1");
        var bytes = new byte[32];
        stream.Fill(bytes);
        return bytes;
    }

    public static StepDeclinedException Refuses(Reason reason, Action asked)
    {
        var declined = Assert.Throws<StepDeclinedException>(asked);
        Assert.Equal(reason, declined.Reason);
        return declined;
    }

    /// <summary>Epsilon that the log's charges come to under a total ceiling, added up from its lines alone.</summary>
    public static double SpentByTheLog(Site site, int epsilon = 3)
    {
        var bodies = site.Entries.Select(entry => (Kind: (string)entry["kind"]!, Body: entry["body"]!.AsObject())).ToList();
        var runs = bodies.Where(entry => entry.Kind == LedgerEntries.Reserved && (string)entry.Body["dataset"]! == "heart").Select(entry => (string)entry.Body["run"]!).ToHashSet();
        var charges = bodies.Where(entry => entry.Kind == LedgerEntries.Charged && runs.Contains(((string)entry.Body["step"]!)[..16]))
            .SelectMany(entry => entry.Body["charges"]!.AsArray()).Select(charge => PrivacyCharge.Read(charge, "charge"));
        return PrivacyFilter.Under(new PrivacyCeiling(Rational.Of(epsilon), Rational.Of(1, 1_000_000)), RenyiCurve.Of(charges)).Epsilon;
    }
}
