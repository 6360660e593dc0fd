using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The steward's socket. Every decision goes through <see cref="WorkerCore"/>, which logs it.</summary>
internal sealed class StewardService(WorkerCore core, StudyPreview preview, DriftReport drift, DataDesk data, MappingDesk mappings, QualityDesk quality, Retention retention, MatrixDesk matrices, MemberDesk members, LedgerDesk ledger, PageDesk pages, ReplayDesk replays, ServingDesk serving) : Steward.StewardBase
{
    public override Task<ListStudiesReply> ListStudies(ListStudiesRequest request, ServerCallContext context) => Answer(() =>
    {
        core.RequireSoundLog(); // or the list would be empty, as if nothing had been offered
        var reply = new ListStudiesReply();
        reply.Studies.AddRange(core.State.Studies.Values.OrderBy(study => study.OfferedAt).ThenBy(study => study.Digest.Value).Select(EntryOf));
        return reply;
    });

    public override Task<ShowStudyReply> ShowStudy(StudyRequest request, ServerCallContext context) => Answer(() =>
    {
        var (record, study) = Find(request.Digest);
        var reply = new ShowStudyReply { Study = EntryOf(record), CanonicalJson = Encoding.UTF8.GetString(study.Canonical.Span), Page = PageDesk.Write(pages.Of(record, study)) };
        reply.Checks.AddRange(core.Check(study).Select(CheckOf));
        return reply;
    });

    public override Task<PreviewReply> Preview(StudyRequest request, ServerCallContext context) => Task.Run(() => Answer(() =>
    {
        var (_, study) = Find(request.Digest);
        return preview.Of(study);
    }));

    public override Task<StudyEntry> Approve(DecisionRequest request, ServerCallContext context) => Answer(() =>
    {
        var (record, study) = Find(Whole(request.Digest).ToString());
        return EntryOf(core.Approve(study.Digest, request.Steward, request.Note, pages.Of(record, study).Digest));
    });

    public override Task<StudyEntry> Refuse(DecisionRequest request, ServerCallContext context) =>
        Answer(() => EntryOf(core.Refuse(Whole(request.Digest), request.Steward, request.Note)));

    public override Task<RevokeReply> Revoke(DecisionRequest request, ServerCallContext context) => Answer(() =>
    {
        var (study, destroyed) = core.Revoke(Whole(request.Digest), request.Steward, request.Note);
        return new RevokeReply { Study = EntryOf(study), Destroyed = (uint)destroyed };
    });

    public override Task<SetExclusionsReply> SetExclusions(SetExclusionsRequest request, ServerCallContext context) =>
        Answer(() => new SetExclusionsReply { Count = (uint)core.SetExclusions(request.Pseudonyms, request.Steward) });

    public override Task<DriftReply> CheckDrift(DriftRequest request, ServerCallContext context) =>
        Task.Run(() => Answer(() => DataDesk.Answer(() => drift.Of(Find(request.Study).Study, request.From, request.By))));

    public override Task<ProfileReply> ShowProfile(StudyRequest request, ServerCallContext context) =>
        Task.Run(() => Answer(() => ProfileOf(Find(request.Digest).Study)));

    public override Task<ProfileReply> ApproveProfile(ProfileDecision request, ServerCallContext context) => Task.Run(() => Answer(() =>
    {
        var (_, study) = Find(Whole(request.Study).ToString());
        var shown = ProfileOf(study);
        // What is approved is what would leave now: data may have changed since somebody looked.
        if (shown.Profile != request.Profile)
            throw new StewardException($"The profile is now {shown.Profile}, not '{request.Profile}': the data, the exclusions or the policy changed. Look at it again with 'site-worker studies profile {shown.Study}'.");
        core.ApproveProfile(study.Digest, Sha256Digest.Parse(request.Profile), request.Steward, request.Note);
        return ProfileOf(study);
    }));

    public override Task<DataImport> ImportData(ImportDataRequest request, ServerCallContext context) =>
        Task.Run(() => Answer(() =>
        {
            var import = data.Import(request.Dataset, request.Steward, context.CancellationToken);
            var reply = ImportOf(request.Dataset, import);
            reply.Terms = data.TermsOf(request.Dataset, import, context.CancellationToken) is { } report ? StewardTerms.Summary(report) : null;
            return reply;
        }));

    public override Task<ValidateDataReply> ValidateData(ValidateDataRequest request, ServerCallContext context) => Task.Run(() => Answer(() =>
    {
        var report = data.Validate(request.Dataset, request.Limit == 0 ? null : (long)request.Limit, context.CancellationToken);
        var reply = new ValidateDataReply { Checked = (ulong)report.Checked, Faulty = (ulong)report.Faulty };
        reply.Issues.AddRange(report.Issues.Select(item => new ResourceIssue { File = item.File, Line = (ulong)item.Line, Path = item.Issue.Path, Kind = item.Issue.Kind }));
        return reply;
    }));

    public override Task<TermsReply> ShowTerms(TermsRequest request, ServerCallContext context) => Task.Run(() => Answer(() =>
    {
        var (report, mapping) = data.Terms(request.Dataset, Named(request.Study), context.CancellationToken);
        return StewardTerms.Reply(report, mapping);
    }));

    public override Task<ListDataReply> ListData(ListDataRequest request, ServerCallContext context) => Answer(() =>
    {
        var (imports, empty) = data.List();
        var reply = new ListDataReply();
        reply.Imports.AddRange(imports.Select(item => ImportOf(item.Dataset, item.Import)));
        reply.Empty.AddRange(empty);
        reply.Kept.AddRange(data.Kept());
        foreach (var kept in reply.Kept)
            TellWaiting(kept, imports.LastOrDefault(item => item.Dataset == kept.Dataset).Import);
        return reply;
    });

    private void TellWaiting(DataKept kept, StoreImport? newest)
    {
        if (newest is null || quality.Waiting(kept.Dataset, newest) is not { } waiting)
            return;
        (kept.Waiting, kept.WaitingSinceUnixSeconds, kept.CountedAtUnixSeconds) = ((ulong)waiting.Count, waiting.Since?.ToUnixTimeSeconds() ?? 0, waiting.At.ToUnixTimeSeconds());
    }

    public override Task<EraseDataReply> EraseData(EraseDataRequest request, ServerCallContext context) => Task.Run(() => Answer(() =>
    {
        retention.Erase(request.Dataset, request.Steward, request.Note);
        return new EraseDataReply();
    }));

    public override Task<DataFaultsReply> ShowDataFaults(DataFaultsRequest request, ServerCallContext context) =>
        Answer(() => new DataFaultsReply { Csv = data.Faults(request.Dataset, (int)request.Number) });

    public override Task<MappingReply> ShowMapping(MappingRequest request, ServerCallContext context) => Answer(() => mappings.Show(request.Dataset));

    public override Task<MappingReply> ApproveMapping(MappingDecision request, ServerCallContext context) => Answer(() => mappings.Approve(request));

    public override Task<QualityReply> CheckQuality(QualityRequest request, ServerCallContext context) => Task.Run(() => Answer(() =>
        quality.Check(request.Dataset, Named(request.Study), context.CancellationToken)));

    public override Task<ReviewQualityReply> ReviewQuality(QualityRequest request, ServerCallContext context) => Task.Run(() => Answer(() =>
        quality.Review(request.Dataset, Named(request.Study), context.CancellationToken)));

    public override Task<DecideQualityReply> DecideQuality(DecideQualityRequest request, ServerCallContext context) => Task.Run(() => Answer(() =>
        quality.Decide(request.Dataset, request.Csv, request.Steward)));

    public override async Task WriteMatrix(MatrixRequest request, IServerStreamWriter<MatrixPart> responseStream, ServerCallContext context)
    {
        var matrix = await Task.Run(() => Answer(() => matrices.Of(Find(request.Study).Study, request.Path, request.Steward, context.CancellationToken)));
        await MatrixStream.SendAsync(matrix, responseStream, context.CancellationToken);
    }

    public override async Task ShowAudit(ShowAuditRequest request, IServerStreamWriter<AuditEntry> responseStream, ServerCallContext context)
    {
        foreach (var line in await Answer(() => core.Log((long)request.FromSequence)))
            await responseStream.WriteAsync(new AuditEntry { Json = line }, context.CancellationToken);
    }

    public override Task<VerifyAuditReply> VerifyAudit(VerifyAuditRequest request, ServerCallContext context)
    {
        var found = core.VerifyLog();
        return Task.FromResult(new VerifyAuditReply
        {
            Intact = found.Intact,
            Entries = (ulong)found.Entries,
            Head = found.Head.ToString(),
            Fault = found.Fault?.Message ?? "",
        });
    }

    public override Task<ReleaseReply> ShowRelease(ReleaseRequest request, ServerCallContext context) => Answer(() => ReleaseOf(core.Contents.Show(request.Release)));

    public override Task<MembersReply> ShowMembers(ShowMembersRequest request, ServerCallContext context) =>
        Answer(() => members.Show(Named(request.Study)?.Digest));

    public override Task<MembersReply> ConfirmMember(ConfirmMemberRequest request, ServerCallContext context) =>
        Answer(() => members.Confirm(request.Site, request.Fingerprint, request.Steward, request.Note));

    public override Task<LedgerReply> ShowLedger(ShowLedgerRequest request, ServerCallContext context) => Answer(ledger.Show);

    public override Task<LedgerReply> ResolveLedger(ResolveLedgerRequest request, ServerCallContext context) =>
        Answer(() => ledger.Resolve(request.Spent, request.Steward, request.Note));

    public override Task<LedgerReply> CloseRun(CloseRunRequest request, ServerCallContext context) =>
        Answer(() => ledger.Close(request.Run, request.Steward, request.Note));

    public override Task<LedgerReply> MergePopulations(MergePopulationsRequest request, ServerCallContext context) =>
        Answer(() => ledger.Merge(request.From, request.Into, request.Steward, request.Note));

    public override Task<ServingReply> ListServing(ListServingRequest request, ServerCallContext context) => Answer(() => ServingWire.Reply(serving));

    public override Task<ServingReply> AllowServing(AllowServingRequest request, ServerCallContext context) => Served(() => serving.Allow(
        request.Line, request.Signer, request.Modes, request.Steward, request.Note, request.Report.Length == 0 ? ReportSchedule.None.Word() : request.Report,
        request.OutcomesAfter == 0 ? ReportSchedules.OutcomesAfter : (int)Math.Min(request.OutcomesAfter, int.MaxValue)));

    public override Task<ServingReply> ForbidServing(ServingDecision request, ServerCallContext context) => Served(() => serving.Forbid(request.Line, request.Steward, request.Note));

    public override Task<ServingReply> StopServing(ServingDecision request, ServerCallContext context) => Served(() => serving.Stop(request.Line, request.Steward, request.Note));

    public override Task<ServingReply> ResumeServing(ServingDecision request, ServerCallContext context) => Served(() => serving.Resume(request.Line, request.Steward, request.Note));

    public override Task Watch(WatchChangesRequest request, IServerStreamWriter<Changed> responseStream, ServerCallContext context) =>
        ChangeStream.SendAsync(core.Journal, serving, responseStream, context.CancellationToken);

    public override Task Replay(IAsyncStreamReader<ReplayPart> requestStream, IServerStreamWriter<ReplayNews> responseStream, ServerCallContext context) =>
        AnswerAsync(() => ReplayStream.RunAsync(replays, requestStream, responseStream, context.CancellationToken));

    private Task<ServingReply> Served(Action decide) => Answer(() =>
    {
        decide();
        return ServingWire.Reply(serving);
    });

    private static Task<T> Answer<T>(Func<T> answer)
    {
        try
        {
            return Task.FromResult(answer());
        }
        catch (Exception refused) when (IsRefusal(refused))
        {
            throw Refused(refused);
        }
    }

    private static async Task AnswerAsync(Func<Task> answer)
    {
        try
        {
            await answer();
        }
        catch (Exception refused) when (IsRefusal(refused))
        {
            throw Refused(refused);
        }
    }

    private static bool IsRefusal(Exception exception) => exception is StewardException or StepDeclinedException;

    private static RpcException Refused(Exception refusal) => new(new Status(StatusCode.FailedPrecondition, refusal.Message));

    private static StudyDigest Whole(string text) => Sha256Digest.TryParse(text, out var digest)
        ? new StudyDigest(digest)
        : throw new StewardException($"'{text}' is not a whole digest: what is decided is exactly one study, named by all 64 digits. 'site-worker studies list' shows them.");

    private Study? Named(string prefix) => prefix.Length == 0 ? null : Find(prefix).Study;

    private (StudyRecord Record, Study Study) Find(string prefix)
    {
        core.RequireSoundLog();
        var found = core.State.Studies.Values.Where(study => prefix.Length > 0 && study.Digest.ToString().StartsWith(prefix, StringComparison.OrdinalIgnoreCase)).ToArray();
        if (found is not [var record])
            throw new StewardException($"'{prefix}' names {found.Length} studies of this site; 'site-worker studies list' shows their digests.");
        return (record, core.StudyOf(record.Digest) ?? throw new StewardException($"The file of the study {record.Digest} no longer has its digest (STUDY_DIGEST_WRONG), so nothing is done for it. It is written again when the gateway next connects: restart it."));
    }

    private StudyEntry EntryOf(StudyRecord record)
    {
        var study = core.StudyOf(record.Digest);
        return new StudyEntry
        {
            Digest = record.Digest.ToString(),
            Name = record.Name,
            Purpose = study?.Purpose ?? "",
            Ethics = study?.Ethics ?? "",
            State = record.Decision.ToString().ToLowerInvariant(),
            Reason = ReasonOf(record, study),
            DecidedBy = record.DecidedBy,
            OfferedUnixSeconds = record.OfferedAt.ToUnixTimeSeconds(),
            DecidedUnixSeconds = record.DecidedAt?.ToUnixTimeSeconds() ?? 0,
            Page = record.Page?.ToString() ?? "",
            ProfileWaits = record.Decision == Decision.Approved && core.State.ProfilesAsked.Contains(record.Digest),
        };
    }

    private string ReasonOf(StudyRecord record, Study? study)
    {
        if (study is null)
            return "Its file no longer has its digest: nothing is computed for it.";
        if (core.Check(study).FirstOrDefault(finding => !finding.Passed) is { } beyond)
            return $"Beyond this site's policy ({beyond.Rule}): {beyond.Sentence}";
        if (record.Withdrawn)
            return "The coordinator withdrew the offer.";
        return record.Decision switch
        {
            Decision.Pending => $"Waits for a steward. Signed by {record.Submitter}.",
            Decision.Approved => $"Approved. Signed by {record.Submitter}.",
            Decision.Refused => "Refused by the steward.",
            _ => "The approval was withdrawn.",
        };
    }

    private ProfileReply ProfileOf(Study study)
    {
        var policy = core.Policy().Policy ?? throw new StewardException(ConfigurationFault.Lines("policy.yaml", core.Policy().Faults));
        var payload = preview.Profile(study, policy).Payload.Span;
        var digest = Sha256Digest.Of(payload);
        var fault = core.State.ProfileFault(study.Digest, digest, policy.Profile);
        return new ProfileReply
        {
            Study = study.Digest.ToString(), Profile = digest.ToString(), Json = Encoding.UTF8.GetString(payload), MayLeave = fault is null,
            Sentence = fault ?? "It leaves where the consortium asks for it.", Summary = ProfileText.Of(study, ProfileReport.Read(study, payload)),
        };
    }

    private static ReleaseReply ReleaseOf(ShownRelease shown) => new()
    {
        Step = shown.Release.Step.ToString(), AtUnixSeconds = shown.Release.At.ToUnixTimeSeconds(), Manifest = Encoding.UTF8.GetString(CanonicalJson.Write(shown.Release.Head.Manifest.ToJson())),
        Json = shown.Content is { } content ? Encoding.UTF8.GetString(content) : "", Sentence = shown.Why, KeepUntil = shown.LastDay is { } last ? WorkerEntries.DayText(last) : "",
    };

    private static DataImport ImportOf(string dataset, StoreImport import)
    {
        var reply = new DataImport
        {
            Dataset = dataset,
            Number = (uint)import.Number,
            Source = import.Source,
            AtUnixSeconds = import.At.ToUnixTimeSeconds(),
            Fingerprint = import.Fingerprint.ToString(),
            Patients = (ulong)import.Patients,
            Events = (ulong)import.Events,
            Added = (ulong)import.Counts.Added,
            Unchanged = (ulong)import.Counts.Unchanged,
            Amended = (ulong)import.Counts.Amended,
            Retracted = (ulong)import.Counts.Retracted,
        };
        reply.Skipped.AddRange(import.Counts.Skipped.Select(count => CountOf(count.Key.Sentence(), count.Value)));
        reply.Refused.AddRange(import.Counts.Refused.Select(count => CountOf(count.Key.Sentence(), count.Value)));
        reply.Notes.AddRange(import.Counts.Notes.Select(count => CountOf(count.Key.Sentence(), count.Value)));
        return reply;

        static DataCount CountOf(string what, long count) => new() { What = what, Count = (ulong)count };
    }

    private static Protos.Steward.PolicyCheck CheckOf(PolicyFinding finding) => new() { Rule = finding.Rule, Passed = finding.Passed, Sentence = finding.Sentence };
}
