using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Core;

public sealed class SiteMetricsOrderTests : IDisposable
{
    private static readonly SiteId s_site = SiteId.Parse("north");
    private static readonly Sha256Digest s_final = Sha256Digest.Of("final"u8);

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-worker-").FullName;
    private readonly SigningKey _key = SigningKey.Create();
    private readonly List<WorkerCore> _workers = [];

    public void Dispose()
    {
        _workers.ForEach(worker => worker.Dispose());
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Site_metrics_of_what_was_evaluated_last_are_released_and_named_in_the_log()
    {
        var (worker, study) = Worker(perSite: true);
        Assert.NotNull(Perform(worker, study, Kind.Evaluation, SmallStudy.Rounds, s_final).Ticket);

        var ticket = Perform(worker, study, Kind.SiteMetrics, SmallStudy.Rounds, s_final).Ticket;

        Assert.EndsWith(".2.sitemetrics.1.release", ticket.File, StringComparison.Ordinal);
        Assert.Equal(0, worker.State.Releases.Values.Single(release => release.Step.Kind == StepKind.SiteMetrics).Head.Manifest.MinimumCell);
    }

    [Fact]
    public void Site_metrics_of_an_earlier_round_are_declined()
    {
        var (worker, study) = Worker(perSite: true);

        Assert.Equal(Reason.RoundOutOfOrder, Perform(worker, study, Kind.SiteMetrics, SmallStudy.Rounds - 1, s_final).Declined);
    }

    [Fact]
    public void Site_metrics_that_the_study_does_not_ask_for_are_declined()
    {
        var (worker, study) = Worker(perSite: false);

        Assert.Equal(Reason.RoundOutOfOrder, Perform(worker, study, Kind.SiteMetrics, SmallStudy.Rounds, s_final).Declined);
    }

    [Fact]
    public void Site_metrics_of_other_parameters_than_were_evaluated_are_declined()
    {
        var (worker, study) = Worker(perSite: true);
        Assert.NotNull(Perform(worker, study, Kind.Evaluation, SmallStudy.Rounds, s_final).Ticket);

        Assert.Equal(Reason.ParametersWrong, Perform(worker, study, Kind.SiteMetrics, SmallStudy.Rounds, Sha256Digest.Of("other"u8)).Declined);
    }

    private static StepResult Perform(WorkerCore worker, Study study, Kind kind, int round, Sha256Digest parameters) => worker.Perform(new StepOrder
    {
        Run = "0123456789abcdef",
        Round = (uint)round,
        Kind = kind,
        Attempt = 1,
        StudyDigest = ByteString.CopyFrom(study.Digest.Value.Span),
        ParametersDigest = ByteString.CopyFrom(parameters.Span),
        Constants = ByteString.CopyFrom(PreprocessingConstants.Freeze(study, null).Canonical.Span),
        Site = s_site.Value,
    });

    private (WorkerCore Worker, Study Study) Worker(bool perSite)
    {
        var study = SmallStudy.Of(perSite);
        var worker = WorkerCore.Open(
            new FileDisk(Path.Combine(_folder, "worker")), new FileDisk(Path.Combine(_folder, "exchange")), Site.OutboxKey, new WorkerIdentity(s_site, _key, new SiteSecret(new byte[SiteSecret.Length]), "1.0.0"),
            new RootStore(new FileDisk(Path.Combine(_folder, "worker")), keepDays: 1), new ContentStore(new FileDisk(Path.Combine(_folder, "worker")), keepDays: 1), () => PolicyReader.Read(PolicyReader.Default), () => DatasetMap.Read(DatasetMap.Default, "/srv"), new Withholder(), new FakeTimeProvider());
        _workers.Add(worker);
        worker.Offer(Signed(study));
        worker.Approve(study.Digest, "steward", "");
        return (worker, study);
    }

    private static OfferStudyRequest Signed(Study study)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = SigningKey.FromPem(ecdsa.ExportPkcs8PrivateKeyPem());
        using var certificate = new CertificateRequest("CN=researcher", ecdsa, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return new OfferStudyRequest
        {
            Canonical = ByteString.CopyFrom(study.Canonical.Span),
            Signature = ByteString.CopyFrom(key.Sign(SignatureContext.Study, study.Canonical.Span)),
            Certificate = ByteString.CopyFrom(certificate.RawData),
        };
    }

    /// <summary>A site of which nothing can be told.</summary>
    private sealed class Withholder : IStepComputer
    {
        public StepComputation Compute(StepRequest request, CancellationToken cancel) => request.Step.Kind == StepKind.SiteMetrics
            ? new(SiteMetricsReport.WithheldByPolicy.Write(), "json", 0, 0, 0, null, "managed", 0)
            : new(new EvaluationReport(null).Write(), "json", 0, 0, 0, null, "managed", 5);
    }
}
