using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker;

/// <summary>The site <c>north</c>: a worker over simulated disks, by a clock that stands.</summary>
internal sealed class Site : IDisposable
{
    public const string Run = "0123456789abcdef";
    public const string AnotherRun = "fedcba9876543210";

    private readonly IStepComputer _computer;
    private int _roots;

    /// <summary>A worker that has just been started for the first time.</summary>
    /// <param name="seed">What a crash leaves of what was not synced.</param>
    /// <param name="computer">What computes; null: <see cref="Computer"/>.</param>
    public Site(int seed = 1, IStepComputer? computer = null)
    {
        (Disk, Exchange, Serving) = (new SimulatedDisk(seed), new SimulatedDisk(seed + 1), new SimulatedDisk(seed + 2));
        _computer = computer ?? Computer;
        Core = Open();
        Models = OpenModels();
    }

    public static SiteId Name { get; } = SiteId.Parse("north");

    /// <summary>The key of fingerprints.</summary>
    public static SiteSecret Secret { get; } = new(new byte[SiteSecret.Length]);

    /// <summary>A study of one feature whose constants are to be learned: preparation, two rounds of training and evaluation.</summary>
    public static Study Study { get; } = StudyText.Of("{name: age, range: [0, 120]}", encoding: "float32");

    /// <summary>Another study.</summary>
    public static Study AnotherStudy { get; } = StudyText.Of("{name: age, range: [0, 120]}", encoding: "float32", name: "another");

    public SimulatedDisk Disk { get; }

    public SimulatedDisk Exchange { get; }

    /// <summary>The folder that the scoring program reads.</summary>
    public SimulatedDisk Serving { get; }

    /// <summary>What may be scored with.</summary>
    public ServingDesk Models { get; private set; }

    /// <summary>What it says of what it did not take.</summary>
    public List<string> Refused { get; } = [];

    public FakeComputer Computer { get; } = new();

    public SigningKey Key { get; } = SigningKey.Create();

    /// <summary>The text of <c>policy.yaml</c>.</summary>
    public string Policy { get; set; } = PolicyReader.Default;

    /// <summary>The text of <c>datasets.yaml</c>.</summary>
    public string Datasets { get; set; } = "datasets: {heart: {path: heart.csv, format: csv}, ehr: {path: ehr, format: fhir, time-zone: UTC}}";

    public WorkerCore Core { get; private set; }

    /// <summary>The privacy ledger.</summary>
    public PrivacyLedger Ledger => Core.Ledger;

    /// <summary>What the steward sees of it.</summary>
    public LedgerDesk LedgerDesk => new(Core.Journal, () => PolicyReader.Read(Policy), () => DatasetMap.Read(Datasets, "/srv"));

    /// <summary>The log's entries.</summary>
    public IReadOnlyList<JsonObject> Entries => [.. Core.Log(1).Select(line => JsonNode.Parse(line)!.AsObject())];

    /// <summary>The kinds of the log's entries.</summary>
    public IEnumerable<string> Kinds => Entries.Select(entry => (string)entry["kind"]!);

    /// <summary>The key that the worker shares with the gateway.</summary>
    public static OutboxKey OutboxKey { get; } = new(new byte[SealedDisk.KeyLength]);

    /// <summary>The exchange as the gateway reads releases from it.</summary>
    public IDisk Outbox => OutboxKey.Seal(Exchange);

    /// <summary>The names of the files that the gateway can see.</summary>
    public IReadOnlyList<string> Outgoing => Exchange.List(ExchangePaths.Outgoing);

    /// <summary>The clock.</summary>
    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));

    /// <summary>The log as it lies on the disk.</summary>
    public byte[] LogFile
    {
        get => DurableFile.Read(Disk, WorkerCore.LogPath);
        set => DurableFile.Write(Disk, WorkerCore.LogPath, value);
    }

    /// <summary>Kills the worker and starts it again.</summary>
    /// <param name="powerLoss">Whether what was not synced is at stake.</param>
    public void Restart(bool powerLoss = true)
    {
        Kill(powerLoss);
        Start();
    }

    /// <summary>Kills the worker; the disks hold from here on what that leaves.</summary>
    /// <param name="powerLoss">Whether what was not synced is at stake.</param>
    public void Kill(bool powerLoss = true)
    {
        Disk.Crash();
        Exchange.Crash();
        Serving.Crash();
        Core.Dispose();
        Disk.Restart(powerLoss);
        Exchange.Restart(powerLoss);
        Serving.Restart(powerLoss);
    }

    /// <summary>Starts a worker that was killed.</summary>
    public void Start()
    {
        Core = Open();
        Models = OpenModels();
    }

    /// <summary>A study as the gateway hands it over, signed by somebody.</summary>
    /// <param name="study">The study.</param>
    /// <param name="withdrawn">Whether the offer is taken back.</param>
    /// <param name="submitter">The name in the certificate.</param>
    public static OfferStudyRequest OfferOf(Study study, bool withdrawn = false, string submitter = "urn:fcml:person:researcher:ada")
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = SigningKey.FromPem(ecdsa.ExportPkcs8PrivateKeyPem());
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(submitter));
        var request = new CertificateRequest("CN=somebody", ecdsa, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return new OfferStudyRequest
        {
            Canonical = ByteString.CopyFrom(study.Canonical.Span),
            Signature = ByteString.CopyFrom(key.Sign(SignatureContext.Study, study.Canonical.Span)),
            Certificate = ByteString.CopyFrom(certificate.RawData),
            Withdrawn = withdrawn,
        };
    }

    /// <summary>An order; everything that a test does not say is as an honest coordinator has it.</summary>
    public static StepOrder Order(
        Kind kind = Kind.Training, int round = 1, int attempt = 1, string run = Run, Study? study = null, string parameters = "parameters", string constants = "{}")
    {
        var precedes = kind is Kind.Preparation or Kind.Profile or Kind.Monitoring;
        return new StepOrder
        {
            Run = run,
            Round = precedes ? 0 : (uint)round,
            Kind = kind,
            Attempt = (uint)attempt,
            StudyDigest = ByteString.CopyFrom((study ?? Study).Digest.Value.Span),
            ParametersDigest = precedes ? ByteString.Empty : ByteString.CopyFrom(Sha256Digest.Of(Encoding.UTF8.GetBytes(parameters)).Span),
            Constants = precedes ? ByteString.Empty : ByteString.CopyFromUtf8(constants),
            Site = Name.Value,
        };
    }

    /// <summary>Puts parameters where the gateway puts them, and gives their digest.</summary>
    public ByteString PutParameters(params float[] values)
    {
        var bytes = MemoryMarshal.AsBytes<float>(values);
        var digest = Sha256Digest.Of(bytes);
        DurableFile.Write(Exchange, $"{ExchangePaths.Incoming}/{digest}", bytes);
        return ByteString.CopyFrom(digest.Span);
    }

    /// <summary>Offers and approves a study.</summary>
    public void Approve(Study? study = null)
    {
        Core.Offer(OfferOf(study ?? Study));
        Core.Approve((study ?? Study).Digest, "grace", "");
    }

    /// <summary>Performs an order that is to be released.</summary>
    public ReleaseTicket Release(StepOrder order)
    {
        StepDeclinedException? declined = null;
        var ticket = Core.Perform(order, decline => declined = decline).Ticket;
        Assert.Null(declined);
        return ticket;
    }

    /// <summary>Performs an order that is to be declined; gives the closed reason.</summary>
    public Reason Decline(StepOrder order)
    {
        var result = Core.Perform(order);
        Assert.Equal(StepResult.BodyOneofCase.Declined, result.BodyCase);
        return result.Declined;
    }

    /// <summary>The whole file of a release.</summary>
    public byte[] FileOf(ReleaseTicket ticket) => DurableFile.Read(Outbox, $"{ExchangePaths.Outgoing}/{ticket.File}");

    public void Dispose()
    {
        Core.Dispose();
        Key.Dispose();
    }

    private ServingDesk OpenModels() => ServingDesk.Open(Core.Journal, Name, Exchange, Serving, Refused.Add);

    // A root's bytes are drawn by a counter, and kept for 30 days.
    private WorkerCore Open() => WorkerCore.Open(
        Disk, Exchange, OutboxKey, new WorkerIdentity(Name, Key, Secret, "1.0.0"),
        new RootStore(new SealedDisk(Disk, new byte[SealedDisk.KeyLength], "Restore it."), keepDays: 30, bytes => bytes.AsSpan().Fill((byte)++_roots)),
        new ContentStore(new SealedDisk(Disk, new byte[SealedDisk.KeyLength], "Restore it."), keepDays: 40),
        () => PolicyReader.Read(Policy), () => DatasetMap.Read(Datasets, "/srv"), _computer, Time);
}
