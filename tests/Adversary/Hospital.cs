using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Adversary;

/// <summary>What a hospital answers an order with: a message, or a refusal.</summary>
/// <param name="Message">The message; null where it refuses.</param>
/// <param name="Vector">Of the masked update: the words.</param>
/// <param name="Reason">What the coordinator hears of a refusal.</param>
/// <param name="Sentence">What the hospital logs of it.</param>
/// <param name="Release">The whole release, as its gateway would carry it.</param>
internal sealed record Answer(AggregationMessage? Message, byte[] Vector, Reason Reason, string Sentence, byte[] Release);

/// <summary>A hospital: the production worker over simulated disks, and its steward. What it computes is its own constant.</summary>
internal sealed class Hospital : IDisposable
{
    private readonly SimulatedDisk _disk;
    private readonly SimulatedDisk _exchange;
    private readonly OutboxKey _outbox = new(new byte[SealedDisk.KeyLength]);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
    private readonly ConstantComputer _computer;
    private WorkerIdentity _identity;

    public Hospital(string name, int update)
    {
        (_disk, _exchange) = (new SimulatedDisk(1), new SimulatedDisk(2));
        _identity = new WorkerIdentity(SiteId.Parse(name), SigningKey.Create(), new SiteSecret(new byte[SiteSecret.Length]), "1.0.0");
        _computer = new ConstantComputer(update);
        Core = Open();
    }

    public SiteId Name => _identity.Site;

    /// <summary>The worker's key, which nobody but the hospital has.</summary>
    public SigningKey Key => _identity.Key;

    /// <summary>What its steward reads out.</summary>
    public Sha256Digest Fingerprint => _identity.Key.PublicKey.Fingerprint;

    /// <summary>Its private key: the adversary has that of its own workers.</summary>
    public string KeyPem => _identity.Key.ToPem();

    public WorkerCore Core { get; private set; }

    public MemberDesk Members => new(Core, _identity);

    /// <summary>The text of <c>policy.yaml</c>: the default, and a model that needs no rows.</summary>
    public string Policy { get; set; } = PolicyReader.Default.Replace("models: [logistic-regression, linear-regression, mlp]", "models: [logistic-regression, linear-regression, mlp, benchmark]", StringComparison.Ordinal);

    /// <summary>How often its log says that it answered in masked rounds, or took what it was given in one.</summary>
    public int Answered => Core.Log(1).Count(line => line.Contains("\"entry\":", StringComparison.Ordinal));

    /// <summary>Files that wait to be sent.</summary>
    public IReadOnlyList<string> Outgoing => _exchange.List(ExchangePaths.Outgoing);

    /// <summary>Takes a study over; its steward approves it.</summary>
    public void Approve(Study study)
    {
        Offer(study);
        Core.Approve(study.Digest, "steward", "");
    }

    /// <summary>Takes a study over.</summary>
    public void Offer(Study study)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = SigningKey.FromPem(ecdsa.ExportPkcs8PrivateKeyPem());
        using var certificate = new CertificateRequest("CN=researcher", ecdsa, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        Core.Offer(new OfferStudyRequest
        {
            Canonical = ByteString.CopyFrom(study.Canonical.Span),
            Signature = ByteString.CopyFrom(key.Sign(SignatureContext.Study, study.Canonical.Span)),
            Certificate = ByteString.CopyFrom(certificate.RawData),
        });
    }

    /// <summary>Has its steward take down what others' stewards read out.</summary>
    public void Confirm(params IEnumerable<Hospital> others)
    {
        foreach (var other in others.Where(other => other != this))
            Members.Confirm(other.Name.Value, FingerprintText.Write(other.Fingerprint), "steward", "by telephone");
    }

    /// <summary>Has its steward renew the key of the stopped worker, and starts it again.</summary>
    /// <returns>The old key, which a thief may have a copy of, and what it has signed.</returns>
    public (SigningKey Old, KeyRenewal Renewal) Renew()
    {
        var old = _identity.Key;
        DurableFile.Write(_disk, WorkerKeyFile.FileName, Encoding.ASCII.GetBytes(old.ToPem()));
        Core.Dispose();
        var (renewal, _) = WorkerKeyFile.Renew(_disk, Name, "steward", "", _time);
        _identity = _identity with { Key = SigningKey.FromPem(Encoding.ASCII.GetString(DurableFile.Read(_disk, WorkerKeyFile.FileName))) };
        Core = Open();
        return (old, renewal);
    }

    /// <summary>Answers an order.</summary>
    public Answer Perform(StepOrder order)
    {
        var sentence = "";
        var result = Core.Perform(order, decline => sentence = decline.Message);
        if (result.BodyCase == StepResult.BodyOneofCase.Declined)
            return new Answer(null, [], result.Declined, sentence, []);
        var file = DurableFile.Read(_outbox.Seal(_exchange), $"{ExchangePaths.Outgoing}/{result.Ticket.File}");
        var payload = file.AsSpan(ReleaseHead.LengthOf(file));
        var words = ReleaseHead.Read(file.AsSpan(0, file.Length - payload.Length)).Manifest.Encoding switch
        {
            ReleaseManifest.MessageEncoding => 0,
            ReleaseManifest.OpenedEncoding => payload.Length - DecryptedSum.Length,
            "fixed32" => payload.Length, // plain
            _ => payload.Length - MaskedInput.Length,
        };
        return new Answer(AggregationMessage.Read(payload[words..]), payload[..words].ToArray(), Reason.Unspecified, "", file);
    }

    /// <summary>Puts what the coordinator sends where the gateway puts it.</summary>
    public Sha256Digest Put(ReadOnlySpan<byte> bytes)
    {
        var digest = Sha256Digest.Of(bytes);
        DurableFile.Write(_exchange, $"{ExchangePaths.Incoming}/{digest}", bytes);
        return digest;
    }

    /// <summary>Removes what waits to be sent, as a gateway that the coordinator holds can.</summary>
    public void LoseReleases()
    {
        foreach (var file in _exchange.List(ExchangePaths.Outgoing))
            _exchange.Delete($"{ExchangePaths.Outgoing}/{file}");
    }

    /// <summary>A release like another one of this hospital's, signed by its worker, with what the hospital says instead.</summary>
    public byte[] Lie(byte[] release, ReadOnlySpan<byte> payload)
    {
        var manifest = ReleaseHead.Read(release.AsSpan(0, ReleaseHead.LengthOf(release))).Manifest with { PayloadLength = payload.Length, PayloadDigest = Sha256Digest.Of(payload) };
        return [.. ReleaseHead.Sign(manifest, Key).Bytes.Span, .. payload];
    }

    public void Dispose()
    {
        Core.Dispose();
        _identity.Key.Dispose();
    }

    private WorkerCore Open() => WorkerCore.Open(
        _disk, _exchange, _outbox, _identity, new RootStore(_disk, keepDays: 30), new ContentStore(_disk, keepDays: 30), () => PolicyReader.Read(Policy), () => DatasetMap.Read("datasets: {none: {path: rows.csv, format: csv}}", "/srv"), _computer, _time);

    // An update of 32-bit codes, all of them the same number, with the weight 1; under differential privacy with noise, as the ledger gives it out.
    private sealed class ConstantComputer(int update) : IStepComputer
    {
        public StepComputation Compute(StepRequest request, CancellationToken cancel)
        {
            if (request.Step.Kind.IsMessage())
                return new StepComputation(default, ReleaseManifest.MessageEncoding, 0, 0, 0, Sha256Digest.Of("the rows"u8), "constant", 0);
            using var randomness = request.Randomness?.Invoke(Sha256Digest.Of("the rows"u8));
            using var noise = randomness?.Stream("fcml-test-noise-v1");
            var dimension = ModelPlan.For(request.Study).Layout.Dimension;
            var (payload, drawn) = (new byte[dimension * sizeof(int)], new byte[dimension]);
            noise?.Fill(drawn);
            for (var i = 0; i < dimension; i++)
                BitConverter.TryWriteBytes(payload.AsSpan(i * sizeof(int)), update + drawn[i]);
            return new StepComputation(payload, "fixed32", dimension, 1, 0, Sha256Digest.Of("the rows"u8), "constant", 0);
        }
    }
}
