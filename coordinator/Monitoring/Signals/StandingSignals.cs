using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Tells facts from what stands: members, sessions, lines and sites' reports, each looked at when its owner has said that it changed. Not for several threads at once.</summary>
public sealed class StandingSignals(MemberStore members, SessionHub sessions, ModelLines lines, SiteReports reports, TimeProvider time)
{
    private IReadOnlyList<StoredMember> _members = members.Members();
    private Dictionary<string, ModelLine> _before = lines.All.ToDictionary(line => line.Name);

    /// <summary>Sites that were revoked.</summary>
    public ImmutableHashSet<SiteId> Gone => [.. _members.Where(member => member.Revoked && member.Member.IsSite).Select(member => member.Member.Site)];

    /// <summary>Reads the members again: they have changed.</summary>
    public void ReadMembers() => _members = members.Members();

    /// <summary>Puts on the board who is connected, and until when certificates hold.</summary>
    public void LookAtMembers(FactBoard board)
    {
        ArgumentNullException.ThrowIfNull(board);
        foreach (var member in _members)
        {
            var name = Subject.Of(("member", $"{member.Member.RoleWord}:{member.Member.Name}"));
            if (member.Revoked)
            {
                // Told once more as in order, so that alerts about it end; whoever left is nobody's alarm.
                if (board.Of(MonitoredSignal.CertificateDays.Name, name) is not null)
                    board.Take(Fact.Of(MonitoredSignal.CertificateDays, name, time.GetUtcNow(), DateTimeOffset.MaxValue));
                if (member.Member.IsSite && board.Of(MonitoredSignal.SiteConnected.Name, Site(member)) is not null)
                    board.Take(new Fact(MonitoredSignal.SiteConnected, Site(member), time.GetUtcNow(), 1));
                board.ExpectNoMore(member.Member.IsSite ? Site(member) : name);
                continue;
            }

            board.Take(Fact.Of(MonitoredSignal.CertificateDays, name, time.GetUtcNow(), member.NotAfter));
            if (member.Member.IsSite)
                board.Take(new Fact(MonitoredSignal.SiteConnected, Site(member), time.GetUtcNow(), sessions.IsOpen(member.Member.Site) ? 1 : 0));
        }
    }

    /// <summary>Puts on the board what became of versions, and says what of it belongs to the course of an incident.</summary>
    /// <returns>Lines and what happened to each.</returns>
    public IReadOnlyList<(string Line, string Text)> LookAtLines(FactBoard board)
    {
        ArgumentNullException.ThrowIfNull(board);
        var happened = new List<(string Line, string Text)>();
        foreach (var line in lines.All)
        {
            var before = _before.GetValueOrDefault(line.Name) ?? new ModelLine(line.Name);
            LookAtWithdrawals(line, before, board);
            LookAtRollout(line, before, board);
            LookAtDates(line, board);
            foreach (var withdrawal in line.Withdrawals.Skip(before.Withdrawals.Count))
                happened.Add((line.Name, $"{withdrawal.Site} has withdrawn {line.Of(withdrawal.Model)?.Version}: {withdrawal.Reason.Word()}"));
            if (line.Production != before.Production)
                happened.Add((line.Name, $"In production: {line.Production?.ToString() ?? "none"}, before {before.Production?.ToString() ?? "none"}"));
        }

        _before = lines.All.ToDictionary(line => line.Name);
        return happened;
    }

    /// <summary>Puts on the board what sites have said of their shelves.</summary>
    public void LookAtReports(FactBoard board)
    {
        ArgumentNullException.ThrowIfNull(board);
        foreach (var ((site, line), report) in reports.All)
            board.Take(new Fact(MonitoredSignal.OffShelf, Subject.Of(("site", site.Value), ("line", line)), time.GetUtcNow(), report.State is ServingState.OnShelf or ServingState.NotAllowed or ServingState.ModeNotAllowed ? 0 : 1));
    }

    // What a site has withdrawn matters while it is in production; and of what was let in beside production, until something else is let in, or it goes another way: the withdrawal itself has ended its rollout.
    // Of one that was heard of before the coordinator's start and is not in production nothing is told: an alert about it stays as it is.
    private void LookAtWithdrawals(ModelLine line, ModelLine before, FactBoard board)
    {
        foreach (var (i, withdrawal) in line.Withdrawals.Index())
        {
            if (line.Of(withdrawal.Model) is not { } version)
                continue;
            var subject = Subject.Of(("line", line.Name), ("version", version.Version.ToString()), ("site", withdrawal.Site.Value), ("reason", withdrawal.Reason.Word()));
            if (i >= before.Withdrawals.Count || line.Production == version.Version)
                board.Take(new Fact(MonitoredSignal.ModelWithdrawn, subject, time.GetUtcNow(), 1));
            else if (version.Stage != ModelStage.Staging || line.Rollout is not null || before.Production == version.Version)
                board.Take(new Fact(MonitoredSignal.ModelWithdrawn, subject, time.GetUtcNow(), 0));
        }
    }

    private void LookAtRollout(ModelLine line, ModelLine before, FactBoard board)
    {
        if (line.Rollout is { } now)
            board.Take(new Fact(MonitoredSignal.RolloutEnded, About(line, now.Version.ToString()), time.GetUtcNow(), 0));
        if (before.Rollout is { } rollout && line.Rollout?.Version != rollout.Version)
            board.Take(new Fact(MonitoredSignal.RolloutEnded, About(line, rollout.Version.ToString()), time.GetUtcNow(), line.Production == rollout.Version ? 0 : 1));
    }

    private void LookAtDates(ModelLine line, FactBoard board)
    {
        foreach (var version in line.Versions.Values.Where(version => version.LastDay is not null))
        {
            var end = line.Production == version.Version ? new DateTimeOffset(version.LastDay!.Value.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero) : DateTimeOffset.MaxValue;
            board.Take(Fact.Of(MonitoredSignal.LastDay, About(line, version.Version.ToString()), time.GetUtcNow(), end));
        }

        // One that waits no more is told as asked for just now, for ever: its alert ends.
        foreach (var series in board.Of(MonitoredSignal.PromotionWaits.Name).Where(series => series.Last.Subject["line"] == line.Name && series.Last.Subject["version"] != line.Promotion?.Version.ToString()).ToList())
            board.Take(Fact.Of(MonitoredSignal.PromotionWaits, series.Last.Subject, time.GetUtcNow(), DateTimeOffset.MaxValue));
        if (line.Promotion is { } promotion)
            board.Take(Fact.Of(MonitoredSignal.PromotionWaits, About(line, promotion.Version.ToString()), time.GetUtcNow(), promotion.At));
    }

    private static Subject Site(StoredMember member) => Subject.Of(("site", member.Member.Name));

    private static Subject About(ModelLine line, string version) => Subject.Of(("line", line.Name), ("version", version));
}
