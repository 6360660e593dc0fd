using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.StewardConsole;

/// <summary>A worker's steward socket as a script: it answers with what <see cref="SeededWorker"/> made, keeps what it was asked to do, and refuses where it is told to.</summary>
internal sealed class FakeSteward : Steward.StewardBase
{
    private readonly Lock _turn = new(); // guards what was asked: pages of several browsers may ask at once

    public List<object> Asked { get; } = [];

    /// <summary>What it refuses everything with; null: it answers.</summary>
    public string? Refusal { get; set; }

    /// <summary>What its log answers of itself.</summary>
    public VerifyAuditReply Verified { get; set; } = new() { Intact = true, Entries = (ulong)SeededWorker.Log.Count, Head = new string('a', 64) };

    public IReadOnlyList<string> Log { get; set; } = SeededWorker.Log;

    /// <summary>Completes with whoever watches; another takes its place with each change that is told.</summary>
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when somebody watches.</summary>
    public TaskCompletionSource Watched { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Its lines of models.</summary>
    public ServingReply Serving { get; set; } = SeededWorker.Serving;

    /// <summary>Its studies.</summary>
    public ListStudiesReply Studies { get; set; } = SeededWorker.Studies;

    /// <summary>What it shows of any release.</summary>
    public ReleaseReply Release { get; set; } = SeededWorker.Release;

    public T Single<T>() => Assert.Single(Asked.OfType<T>());

    public override Task<ListStudiesReply> ListStudies(ListStudiesRequest request, ServerCallContext context) => Answer(request, () => Studies);

    public override Task<ShowStudyReply> ShowStudy(StudyRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Show(request.Digest));

    public override Task<PreviewReply> Preview(StudyRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Preview);

    public override Task<StudyEntry> Approve(DecisionRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Entry(request.Digest));

    public override Task<StudyEntry> Refuse(DecisionRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Entry(request.Digest));

    public override Task<RevokeReply> Revoke(DecisionRequest request, ServerCallContext context) => Answer(request, () => new RevokeReply { Study = SeededWorker.Entry(request.Digest), Destroyed = 2 });

    public override Task<ProfileReply> ShowProfile(StudyRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Profile);

    public override Task<ProfileReply> ApproveProfile(ProfileDecision request, ServerCallContext context) => Answer(request, () => SeededWorker.Profile);

    public override Task<ListDataReply> ListData(ListDataRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Data);

    public override Task<QualityReply> CheckQuality(QualityRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Quality);

    public override Task<MappingReply> ShowMapping(MappingRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Mapping);

    public override Task<MappingReply> ApproveMapping(MappingDecision request, ServerCallContext context) => Answer(request, () => SeededWorker.Mapping);

    public override Task<DriftReply> CheckDrift(DriftRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Drift);

    public override Task<MembersReply> ShowMembers(ShowMembersRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Members);

    public override Task<MembersReply> ConfirmMember(ConfirmMemberRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Members);

    public override Task<LedgerReply> ShowLedger(ShowLedgerRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Ledger);

    public override Task<ServingReply> ListServing(ListServingRequest request, ServerCallContext context) => Answer(request, () => Serving);

    public override Task<ServingReply> AllowServing(AllowServingRequest request, ServerCallContext context) => Answer(request, () => SeededWorker.Serving);

    public override Task<ServingReply> ForbidServing(ServingDecision request, ServerCallContext context) => Answer(("forbid", request), () => SeededWorker.Serving);

    public override Task<ServingReply> StopServing(ServingDecision request, ServerCallContext context) => Answer(("stop", request), () => SeededWorker.Serving);

    public override Task<ServingReply> ResumeServing(ServingDecision request, ServerCallContext context) => Answer(("resume", request), () => SeededWorker.Serving);

    public override Task<ReleaseReply> ShowRelease(ReleaseRequest request, ServerCallContext context) => Answer(request, () => Release);

    public override Task<VerifyAuditReply> VerifyAudit(VerifyAuditRequest request, ServerCallContext context) => Answer(request, () => Verified);

    public override async Task ShowAudit(ShowAuditRequest request, IServerStreamWriter<AuditEntry> responseStream, ServerCallContext context)
    {
        await Answer(request, () => request);
        foreach (var line in Log)
            await responseStream.WriteAsync(new AuditEntry { Json = line }, context.CancellationToken);
    }

    /// <summary>Tells whoever watches of a change.</summary>
    public void Tell() => Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    public override async Task Watch(WatchChangesRequest request, IServerStreamWriter<Changed> responseStream, ServerCallContext context)
    {
        while (true)
        {
            var next = _changed.Task;
            await responseStream.WriteAsync(new Changed(), context.CancellationToken);
            Watched.TrySetResult();
            await next.WaitAsync(context.CancellationToken);
        }
    }

    private Task<T> Answer<T>(object asked, Func<T> answer)
    {
        lock (_turn)
            Asked.Add(asked);
        return Refusal is null ? Task.FromResult(answer()) : throw new RpcException(new Status(StatusCode.FailedPrecondition, Refusal));
    }
}
