using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Member = FederatedClinicalMl.Protos.Federation.Member;
using ModelFile = FederatedClinicalMl.Protos.Federation.ModelFile;
using RunEvent = FederatedClinicalMl.Protos.Federation.RunEvent;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>What people do. Roles are <see cref="Access"/>'s; what is done is recorded before it is done.</summary>
public sealed class AdministrationService(
    EnrolmentDesk enrolment, Revocation revocation, MemberStore members, SessionHub sessions, StudyDesk studies, Runs runs, RunStarter starter, RunControl control, IRunJournal journal,
    RunFeed feed, ResultStore results, ModelRegistry models, ModelDocuments documents, AuditTrail audit, DataFolder folder, SignInLinks links, IHostApplicationLifetime lifetime, TimeProvider time)
    : Administration.AdministrationBase
{
    private const int ChunkLength = 256 << 10;
    private static readonly TimeSpan DefaultInvitation = TimeSpan.FromHours(72);

    /// <inheritdoc/>
    public override Task<InviteReply> Invite(InviteRequest request, ServerCallContext context)
    {
        var valid = request.ValidHours == 0 ? DefaultInvitation : TimeSpan.FromHours(Math.Min(request.ValidHours, 1_000_000u));
        var invitation = enrolment.Invite(Subject(request.Subject), valid, Caller.Of(context).Member);
        return Task.FromResult(new InviteReply { Invitation = InvitationToken.Write(invitation), ExpiresUnixSeconds = invitation.ExpiresUnixSeconds });
    }

    /// <inheritdoc/>
    public override Task<ListMembersReply> ListMembers(ListMembersRequest request, ServerCallContext context)
    {
        var reply = new ListMembersReply();
        var enrolled = members.Members();
        foreach (var member in enrolled)
        {
            reply.Members.Add(new Member
            {
                Subject = member.Member.ToMessage(),
                State = member.Revoked ? Member.Types.State.Revoked
                    : member.Member.IsSite && sessions.IsOpen(member.Member.Site) ? Member.Types.State.Connected
                    : Member.Types.State.Enrolled,
                SoftwareVersion = member.SoftwareVersion,
                LastContactUnixSeconds = member.LastContact?.ToUnixTimeSeconds() ?? 0,
                CertificateNotAfterUnixSeconds = member.NotAfter.ToUnixTimeSeconds(),
                WorkerFingerprint = member.WorkerKey?.Fingerprint.ToString() ?? "",
            });
        }

        var known = enrolled.Where(m => !m.Revoked).Select(m => m.Member).ToHashSet();
        foreach (var invited in members.OpenInvitations(time.GetUtcNow()).Select(i => i.Member).Distinct().Where(m => !known.Contains(m)))
            reply.Members.Add(new Member { Subject = invited.ToMessage(), State = Member.Types.State.Invited });
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override async Task<RevokeReply> Revoke(RevokeRequest request, ServerCallContext context)
    {
        await revocation.RevokeAsync(Subject(request.Subject), Caller.Of(context).Member);
        return new RevokeReply();
    }

    /// <inheritdoc/>
    public override Task<SubmitStudyReply> SubmitStudy(SubmitStudyRequest request, ServerCallContext context)
    {
        var (study, isNew) = studies.Submit(request.Study ?? new SignedStudy(), Caller.Of(context));
        if (isNew)
            sessions.Broadcast(study.Involves, new CoordinatorMessage { StudyOffer = new StudyOffer { Study = study.Signed } });
        return Task.FromResult(new SubmitStudyReply { Digest = study.Study.Digest.ToString(), Name = study.Study.Name });
    }

    /// <inheritdoc/>
    public override Task<ListStudiesReply> ListStudies(ListStudiesRequest request, ServerCallContext context)
    {
        var reply = new ListStudiesReply();
        reply.Studies.AddRange(studies.All.Select(Summary));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override async Task WatchStudy(WatchStudyRequest request, IServerStreamWriter<StudySummary> responseStream, ServerCallContext context)
    {
        if (!Sha256Digest.TryParse(request.Digest, out var digest) || studies.Find(new StudyDigest(digest)) is null)
            throw new FaultException(Fault.StudyUnknown);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        StudySummary? sent = null;
        while (true)
        {
            var next = studies.NextChange; // before looking: a change after that completes it
            var summary = Summary(studies.Find(new StudyDigest(digest))!);
            if (!summary.Equals(sent))
                await responseStream.WriteAsync(sent = summary, context.CancellationToken);
            await WaitAsync(next, over.Token);
        }
    }

    /// <inheritdoc/>
    public override async Task<StartRunReply> StartRun(StartRunRequest request, ServerCallContext context)
    {
        var (run, study) = await starter.StartAsync(request.StudyDigest, request.Profile, Caller.Of(context).Member);
        return new StartRunReply { Run = run.Value, Canonical = UnsafeByteOperations.UnsafeWrap(study.Canonical) };
    }

    /// <inheritdoc/>
    public override async Task<ControlRunReply> ControlRun(ControlRunRequest request, ServerCallContext context)
    {
        await control.HandleAsync(request.Run, request.Action switch
        {
            ControlRunRequest.Types.Action.Pause => RunAction.Pause,
            ControlRunRequest.Types.Action.Resume => RunAction.Resume,
            ControlRunRequest.Types.Action.Cancel => RunAction.Cancel,
            _ => throw new FaultException(Fault.RequestInvalid, "The action must be pause, resume or cancel."),
        }, Caller.Of(context).Member);
        return new ControlRunReply();
    }

    /// <inheritdoc/>
    public override async Task<ListRunsReply> ListRuns(ListRunsRequest request, ServerCallContext context)
    {
        var reply = new ListRunsReply();
        foreach (var run in journal.List(openOnly: false))
        {
            if (await runs.LookAsync(run) is not { } state)
                continue;
            reply.Runs.Add(new RunSummary
            {
                Run = run.Value,
                StudyDigest = state.Plan.Study.ToString(),
                Status = state.Status.ToString().ToLowerInvariant(),
                Round = (uint)(state.Round?.Value ?? state.Recorded?.Value ?? 0),
                Rounds = (uint)state.Plan.Rounds,
                Model = state.Model?.ToString() ?? "",
            });
        }

        return reply;
    }

    /// <inheritdoc/>
    public override async Task WatchRun(WatchRunRequest request, IServerStreamWriter<RunEvent> responseStream, ServerCallContext context)
    {
        var run = RunControl.Read(request.Run);
        var after = (long)Math.Min(request.FromSequence == 0 ? 0 : request.FromSequence - 1, long.MaxValue);
        if (journal.Read(run) is [])
            throw new FaultException(Fault.RunUnknown);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        while (true)
        {
            var next = feed.Next(run); // before the journal is read: an event after that completes it
            foreach (var journaled in journal.Read(run, after))
            {
                after = journaled.Sequence;
                await responseStream.WriteAsync(Describe(journaled), context.CancellationToken);
                if (journaled.Event.Ends)
                    return;
            }

            await WaitAsync(next, over.Token);
        }
    }

    /// <inheritdoc/>
    public override Task<ListModelsReply> ListModels(ListModelsRequest request, ServerCallContext context)
    {
        var reply = new ListModelsReply { SigningKey = ByteString.CopyFrom(folder.Key.PublicKey.SubjectPublicKeyInfo.Span) };
        var entries = models.List(out var damaged);
        foreach (var entry in entries)
        {
            var summary = new ModelSummary
            {
                Digest = entry.Digest.ToString(), Name = entry.Name, Run = entry.Run.Value, StudyDigest = entry.Study.ToString(),
                RegisteredUnixSeconds = entry.Registered.ToUnixTimeSeconds(),
            };
            summary.Files.AddRange(entry.Files.Select(f => new ModelFile { Name = f.Name, Digest = f.Digest.ToString(), Length = (ulong)f.Length }));
            reply.Models.Add(summary);
        }

        reply.Damaged.AddRange(damaged.Select(damage => new DamagedModel { Digest = damage.Model.ToString(), What = damage.Message }));

        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override async Task FetchModelFile(FetchModelFileRequest request, IServerStreamWriter<FileChunk> responseStream, ServerCallContext context)
    {
        if (!Sha256Digest.TryParse(request.Model, out var model) || models.Find(model) is not { } entry)
            throw new FaultException(Fault.ModelUnknown);
        if (documents.Find(entry, request.File) is { } document)
        {
            if (request.Offset > 0)
                throw new FaultException(Fault.RequestInvalid, "A document is made anew each time, and comes whole.");
            for (var offset = 0; offset < document.Length; offset += ChunkLength)
                await responseStream.WriteAsync(new FileChunk { Bytes = UnsafeByteOperations.UnsafeWrap(document.AsMemory(offset, Math.Min(ChunkLength, document.Length - offset))) }, context.CancellationToken);
            return;
        }

        using var file = Open(entry, request.File) ?? throw new FaultException(Fault.ModelUnknown);
        if (request.Offset > (ulong)file.Length)
            throw new FaultException(Fault.RequestInvalid, $"The file has {file.Length} bytes.");
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkLength);
        try
        {
            for (var offset = (long)request.Offset; offset < file.Length;)
            {
                var read = file.Read(offset, buffer.AsSpan(0, ChunkLength));
                await responseStream.WriteAsync(new FileChunk { Bytes = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)) }, context.CancellationToken);
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public override async Task ReadAudit(ReadAuditRequest request, IServerStreamWriter<AuditLine> responseStream, ServerCallContext context)
    {
        foreach (var entry in audit.Entries())
            await responseStream.WriteAsync(new AuditLine { Json = Encoding.UTF8.GetString(entry.Line.Span) }, context.CancellationToken);
    }

    /// <inheritdoc/>
    public override Task<SignInReply> SignIn(SignInRequest request, ServerCallContext context)
    {
        var caller = Caller.Of(context);
        var (link, expires) = links.Make(caller.Member, caller.Until);
        return Task.FromResult(new SignInReply { Link = link, ExpiresUnixSeconds = expires.ToUnixTimeSeconds() });
    }

    // A file of an entry, or what one of its rounds came to, as far as its own records name it; null where it is neither.
    private IDiskFile? Open(ModelEntry entry, string name) =>
        RoundResults.TryRead(name, out var result) ? (models.NamesResult(entry.Digest, result) && results.Contains(result) ? results.Open(result) : null)
        : name == ModelFileNames.Manifest || entry.Files.Any(file => file.Name == name) ? models.Open(entry.Digest, name)
        : null;

    private static Enrolment.Member Subject(Subject? subject) =>
        Enrolment.Member.TryParse(subject, out var member)
            ? member
            : throw new FaultException(Fault.RequestInvalid, $"The subject must be a site with the role site, or a person with the role admin, researcher, clinician, steward or auditor; its name: {Name.Rule}.");

    private async Task WaitAsync(Task next, CancellationToken over)
    {
        try
        {
            await next.WaitAsync(over);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new FaultException(Fault.CoordinatorStopping);
        }
    }

    private StudySummary Summary(SubmittedStudy study)
    {
        var summary = new StudySummary { Digest = study.Study.Digest.ToString(), Name = study.Study.Name, Purpose = study.Study.Purpose };
        foreach (var site in Enrolled().Concat(study.Study.Federation.Sites).Concat(study.Verdicts.Keys).Distinct().Where(study.Involves).Order())
        {
            var verdict = study.Verdicts.GetValueOrDefault(site);
            summary.Verdicts.Add(new SiteVerdict { Site = site.Value, State = verdict?.State ?? StudyVerdict.Types.State.Unspecified, Reason = verdict?.Reason ?? SiteReason.Unspecified });
        }

        return summary;
    }

    private RunEvent Describe(JournaledEvent journaled) => new()
    {
        Sequence = (ulong)journaled.Sequence,
        AtUnixMilliseconds = journaled.Event.At.ToUnixTimeMilliseconds(),
        Kind = journaled.Event.GetType().Name,
        Json = Encoding.UTF8.GetString(RunEventCodec.Write(journaled.Event)),
        Last = journaled.Event.Ends,
        Result = journaled.Event is StepCommitted { Step.Kind: StepKind.Preparation or StepKind.Evaluation or StepKind.SiteMetrics or StepKind.Profile or StepKind.Comparison } committed && results.Contains(committed.Result) // gone once it was over age
            ? UnsafeByteOperations.UnsafeWrap(results.Read(committed.Result))
            : ByteString.Empty,
    };

    private IEnumerable<SiteId> Enrolled() => members.Members().Where(m => m.Member.IsSite && !m.Revoked).Select(m => m.Member.Site);
}
