using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;
using Fault = FederatedClinicalMl.Coordinator.Api.Fault;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Coordinator.Studies;

/// <summary>A submitted study, checked, with what the sites say of it. Immutable.</summary>
/// <param name="Study">The study.</param>
/// <param name="Signed">As it was submitted, and is offered.</param>
/// <param name="Verdicts">The newest verdict of each site that gave one.</param>
public sealed record SubmittedStudy(Study Study, SignedStudy Signed, ImmutableSortedDictionary<SiteId, StoredVerdict> Verdicts)
{
    /// <summary>Whether the study concerns a site: it names the site, or no site at all.</summary>
    public bool Involves(SiteId site) => Study.Federation.Sites.IsEmpty || Study.Federation.Sites.Contains(site);

    /// <summary>Sites that approved it, in ordinal order.</summary>
    public IEnumerable<SiteId> Approved => Verdicts.Where(v => v.Value.State == StudyVerdict.Types.State.Approved && Involves(v.Key)).Select(v => v.Key);

    /// <summary>Sites whose newest verdict is another than approval: they have no part in a run, whatever they said when it was created.</summary>
    public IEnumerable<SiteId> Withdrawn => Verdicts.Where(v => v.Value.State != StudyVerdict.Types.State.Approved).Select(v => v.Key);
}

/// <summary>Takes studies in, and sites' verdicts on them. Holds all of them in memory: they are few, and each was checked whole once.</summary>
public sealed partial class StudyDesk
{
    private readonly StudyStore _store;
    private readonly AuditTrail _audit;
    private readonly ILogger<StudyDesk> _log;
    private readonly Lock _turn = new(); // one change at a time: store first, then memory
    private ImmutableSortedDictionary<StudyDigest, SubmittedStudy> _studies;
    private readonly Signal _changed = new();

    /// <summary>Takes up what the store holds.</summary>
    /// <exception cref="InvalidDataException">A stored study does not pass today's checks.</exception>
    public StudyDesk(StudyStore store, AuditTrail audit, ILogger<StudyDesk> log)
    {
        _store = store;
        _audit = audit;
        _log = log;
        var verdicts = store.Verdicts().ToLookup(v => v.Study);
        _studies = store.All()
            .Select(kept => new SubmittedStudy(
                CheckStored(kept), kept.Signed, verdicts[kept.Digest].ToImmutableSortedDictionary(v => v.Site, v => v)))
            .ToImmutableSortedDictionary(s => s.Study.Digest, s => s, Comparer<StudyDigest>.Create((a, b) => a.Value.CompareTo(b.Value)));
    }

    /// <summary>All studies, by digest.</summary>
    public IEnumerable<SubmittedStudy> All => Volatile.Read(ref _studies).Values;

    /// <summary>Completes at the next change of any study. Ask before looking at the studies.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>A study; null where it was not submitted.</summary>
    public SubmittedStudy? Find(StudyDigest digest) => Volatile.Read(ref _studies).GetValueOrDefault(digest);

    /// <summary>Takes a study in. The same study again changes nothing.</summary>
    /// <returns>The study, and whether it is new.</returns>
    /// <exception cref="FaultException">STUDY_INVALID, STUDY_SIGNATURE_WRONG.</exception>
    public (SubmittedStudy Study, bool New) Submit(SignedStudy signed, Caller submitter)
    {
        ArgumentNullException.ThrowIfNull(signed);
        ArgumentNullException.ThrowIfNull(submitter);
        var check = StudyChecker.CheckCanonical(signed.Canonical.Memory, new LearningRule(), new EncryptionRule(checking => ModelPlan.For(checking).Layout.Dimension));
        if (check.Study is not { } study)
            throw new FaultException(Fault.StudyInvalid, string.Join(' ', check.Faults.Take(5).Select(f => $"{f.Path}: {f.Message}")));
        using var key = submitter.Certificate.PublicKey.GetECDsaPublicKey();
        if (!signed.Certificate.Span.SequenceEqual(submitter.Certificate.RawDataMemory.Span)
            || key is null
            || !new VerifyingKey(key.ExportSubjectPublicKeyInfo()).Verify(SignatureContext.Study, signed.Canonical.Span, signed.Signature.Span))
            throw new FaultException(Fault.StudySignatureWrong);

        lock (_turn)
        {
            if (_studies.TryGetValue(study.Digest, out var known))
                return (known, false);
            _audit.Record("study-submitted", submitter.Member, new JsonObject { ["study"] = study.Digest.ToString(), ["name"] = study.Name });
            _store.Add(new StoredStudy(study.Digest, signed, submitter.Member.ToString()));
            var submitted = new SubmittedStudy(study, signed, ImmutableSortedDictionary<SiteId, StoredVerdict>.Empty);
            _studies = _studies.Add(study.Digest, submitted);
            _changed.Raise();
            LogSubmitted(study.Name, study.Digest, submitter.Member);
            return (submitted, true);
        }
    }

    /// <summary>Takes a site's verdict in.</summary>
    /// <returns>The study, and whether the site does not approve it: then it leaves the runs, also where the verdict was known, for the last
    /// time it was heard the removal may have been cut off.</returns>
    /// <exception cref="FaultException">STUDY_UNKNOWN, VERDICT_SIGNATURE_WRONG.</exception>
    public (StudyDigest Study, bool Withdrawn) Judge(SiteId site, VerifyingKey worker, StudyVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(worker);
        ArgumentNullException.ThrowIfNull(verdict);
        if (verdict.StudyDigest.Length != Sha256Digest.Length)
            throw new FaultException(Fault.StudyUnknown);
        var digest = new StudyDigest(new Sha256Digest(verdict.StudyDigest.Span));
        var message = CanonicalJson.Write(new JsonObject
        {
            ["reason"] = (int)verdict.Reason, ["site"] = site.Value, ["state"] = (int)verdict.State, ["study"] = digest.ToString(),
        });
        if (!worker.Verify(SignatureContext.Verdict, message, verdict.Signature.Span))
            throw new FaultException(Fault.VerdictSignatureWrong);

        lock (_turn)
        {
            if (!_studies.TryGetValue(digest, out var study))
                throw new FaultException(Fault.StudyUnknown);
            var before = study.Verdicts.GetValueOrDefault(site);
            if (before?.State == verdict.State && before.Reason == verdict.Reason)
                return (digest, verdict.State != StudyVerdict.Types.State.Approved);
            var stored = new StoredVerdict(digest, site, verdict.State, verdict.Reason, verdict.Signature.ToByteArray());
            _store.Set(stored);
            _studies = _studies.SetItem(digest, study with { Verdicts = study.Verdicts.SetItem(site, stored) });
            _changed.Raise();
            LogVerdict(site, study.Study.Name, verdict.State, verdict.Reason);
            return (digest, verdict.State != StudyVerdict.Types.State.Approved);
        }
    }

    private static Study CheckStored(StoredStudy kept)
    {
        var check = StudyChecker.CheckCanonical(kept.Signed.Canonical.Memory);
        return check.Study ?? throw new InvalidDataException(
            $"The study {kept.Digest} in {CoordinatorDatabase.FileName} does not pass this version's checks: {check.Faults[0]}. Use the software version that it was submitted to.");
    }

    [LoggerMessage(1201, LogLevel.Information, "{Submitter} submitted the study {Name} ({Study})")]
    private partial void LogSubmitted(string name, StudyDigest study, Member submitter);

    [LoggerMessage(1202, LogLevel.Information, "{Site} says of the study {Name}: {State} {Reason}")]
    private partial void LogVerdict(SiteId site, string name, StudyVerdict.Types.State state, SiteReason reason);
}
