using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>The keys of a simulated federation. Simulations may share them: nothing that is decided depends on a key.</summary>
internal sealed class SimulatedKeys
{
    // The order of P-256 begins with 32 ones: a number of 31 bytes is below it.
    private const int ScalarLength = 31;

    private readonly Dictionary<SiteId, SigningKey> _workers = [];

    /// <summary>The coordinator's signing key.</summary>
    public SigningKey Coordinator { get; } = SigningKey.Create();

    /// <summary>A worker's signing key.</summary>
    public SigningKey Worker(SiteId site)
    {
        if (!_workers.TryGetValue(site, out var key))
            _workers[site] = key = Make(site);
        return key;
    }

    /// <summary>The study as a simulation runs it: one under masks names the simulated workers' keys, whatever it named before. The same study always becomes the same.</summary>
    /// <param name="study">The study.</param>
    /// <param name="present">The sites that are simulated, where the study names none.</param>
    public static Study Name(Study study, IEnumerable<SiteId> present)
    {
        if (!study.Federation.IsMasked)
            return study;
        var sites = study.Federation.Sites.IsEmpty ? present : study.Federation.Sites;
        var keys = new SimulatedKeys();
        var check = StudyKeys.Name(study, sites.ToDictionary(site => site, site => keys.Worker(site).PublicKey.Fingerprint));
        return check.Study ?? throw new CliException(ExitCode.InvalidInput, $"The study cannot be simulated with these sites: {check.Faults[0]}");
    }

    // From the name, so that a simulated study has one digest: there is nobody here to keep such a key from.
    private static SigningKey Make(SiteId site)
    {
        var scalar = new byte[ScalarLength + 1];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, System.Text.Encoding.UTF8.GetBytes(site.Value), scalar.AsSpan(1), [], "fcml simulated worker"u8);
        using var ecdsa = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = scalar });
        return SigningKey.FromPem(ecdsa.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The study as a submitter signs it.</summary>
    public static SignedStudy Sign(Study study)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = SigningKey.FromPem(ecdsa.ExportPkcs8PrivateKeyPem());
        var request = new CertificateRequest("CN=simulated-researcher", ecdsa, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return new SignedStudy
        {
            Canonical = ByteString.CopyFrom(study.Canonical.Span),
            Signature = ByteString.CopyFrom(key.Sign(SignatureContext.Study, study.Canonical.Span)),
            Certificate = ByteString.CopyFrom(certificate.RawData),
        };
    }
}

/// <summary>One site of a simulated federation.</summary>
/// <param name="Id">The site.</param>
/// <param name="Computer">What computes its steps.</param>
internal sealed record SimulatedSite(SiteId Id, IStepComputer Computer);

/// <summary>
/// A whole federation in one process on one thread: the production cores of coordinator, gateways and workers over virtual time. Sites
/// have approved the study before it begins.
/// </summary>
internal sealed class SimulatedFederation
{
    private static readonly PrivacyCeiling s_ample = new(Rational.Of(100), Rational.Of(1, 1_000_000));

    /// <summary>What simulated sites allow: everything, for there is nobody to protect from whoever holds all the data.</summary>
    public static readonly PolicyReading OpenPolicy = new(
        new SitePolicy(null, ["logistic-regression", "linear-regression", "mlp", "benchmark"], ["fixed", "float32"], AggregationWords.All, 1, 1, true, ProfileRule.Release, int.MaxValue, null, 1)
        {
            Privacy = new PrivacyCeilings(s_ample, s_ample, s_ample),
            Noise = ["site", "distributed", "central"],
            Comparisons = true,
        }, []);

    public SimulatedFederation(
        Study study, SignedStudy signed, RunId run, Timeline time, Weather weather, SimulatedKeys keys, IReadOnlyList<SimulatedSite> sites,
        Func<string, string, IDisk> disk, Mutant? mutant = null)
    {
        Time = time;
        Sites = [.. sites.Select(site => site.Id).Order()];
        var workers = new Dictionary<SiteId, SimulatedWorker>();
        var gateways = new Dictionary<SiteId, SimulatedGateway>();
        Coordinator = new SimulatedCoordinator(
            time, weather, disk("coordinator", "coordinator"), keys.Coordinator, study, signed, run, Sites.ToDictionary(site => site, site => keys.Worker(site).PublicKey), mutant ?? Mutant.None);
        var datasets = DatasetMap.OfTables(ImmutableDictionary<string, DatasetSource>.Empty.Add(study.Data.Dataset, new DatasetSource("", DatasetFormat.Csv, Header: true, [], ',', []))); // whose patients they are is all that is asked of it
        foreach (var (id, computer) in sites.OrderBy(site => site.Id))
        {
            var identity = new WorkerIdentity(id, keys.Worker(id), new SiteSecret(Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(id.Value)).Span), "simulated");
            var outbox = new OutboxKey(new byte[SealedDisk.KeyLength]);
            var worker = workers[id] = new SimulatedWorker(time, disk($"{id}/worker", $"{id}/worker"), disk($"{id}/worker", $"{id}/exchange"), outbox, identity, OpenPolicy, datasets, computer);
            gateways[id] = new SimulatedGateway(time, weather, id, disk($"{id}/gateway", $"{id}/exchange"), outbox, worker, Coordinator, mutant ?? Mutant.None);
        }

        (Workers, Gateways) = (workers, gateways);
        foreach (var worker in workers.Values)
        {
            worker.Start();
            worker.Core.Offer(Messages.Offer(signed, withdrawn: false));
            worker.ConfirmMembers(study);
            worker.Core.Approve(study.Digest, "simulated", "");
        }

        Coordinator.Start();
        foreach (var gateway in gateways.Values)
            gateway.Start();
    }

    public Timeline Time { get; }

    public ImmutableArray<SiteId> Sites { get; }

    public SimulatedCoordinator Coordinator { get; }

    public IReadOnlyDictionary<SiteId, SimulatedWorker> Workers { get; }

    public IReadOnlyDictionary<SiteId, SimulatedGateway> Gateways { get; }

    /// <summary>Every process.</summary>
    public IEnumerable<SimulatedProcess> Processes => [Coordinator, .. Workers.Values, .. Gateways.Values];

    /// <summary>Lets time pass until <paramref name="until"/> holds; false where it does not within that many happenings, or nothing is due any more.</summary>
    public bool Run(Func<bool> until, long happenings)
    {
        for (var left = happenings; left > 0; left--)
        {
            if (until())
                return true;
            if (!Time.Next())
                return until();
        }

        return until();
    }

    /// <summary>Runs a calm federation to the end of its run, and insists on a model.</summary>
    public RunState RunToModel(float[]? initialParameters, CancellationToken cancel)
    {
        Coordinator.StartRun(Sites, initialParameters);
        Run(() => cancel.IsCancellationRequested || Coordinator.State is { Ended: true }, long.MaxValue);
        cancel.ThrowIfCancellationRequested();
        return Coordinator.State switch
        {
            { Status: RunStatus.Registered } registered => registered,
            { Failure: { } failure } => throw new CliException(ExitCode.RunWithoutModel, $"The simulated run failed: {failure}"),
            _ => throw new InvalidOperationException("The simulated run came to a stand without an end."),
        };
    }
}
