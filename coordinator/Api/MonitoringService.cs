using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Protos.Federation;
using Grpc.Core;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Alerts, incidents and proposals to train again. Roles are <see cref="Access"/>'s; decisions are <see cref="MonitoringDesk"/>'s and <see cref="RetrainingDesk"/>'s.</summary>
public sealed class MonitoringService(MonitoringDesk desk, RetrainingDesk retraining, Outbox outbox, TimeProvider time) : Protos.Federation.Monitoring.MonitoringBase
{
    /// <inheritdoc/>
    public override Task<ListAlertsReply> ListAlerts(ListAlertsRequest request, ServerCallContext context)
    {
        var (book, rules) = (desk.Book, desk.Rules);
        var reply = new ListAlertsReply();
        reply.Alerts.AddRange(book.Open.Values.Concat(request.Over ? book.Over : []).Select(Describe));
        reply.Silences.AddRange(Silences(book));
        reply.Channels.AddRange(outbox.States().Select(state => new ChannelSummary { Name = state.Name, Kind = state.Kind, Waiting = (uint)state.Waiting, Fault = state.Fault ?? "", GivenUp = (uint)state.GivenUp }));
        reply.Rules.AddRange(rules.Rules.Values.Select(Describe));
        reply.Faults.AddRange(desk.Faults);
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<AlertSummary> AcknowledgeAlert(AcknowledgeAlertRequest request, ServerCallContext context)
    {
        desk.Acknowledge(Number(request.Number), request.Reason, By(context));
        return Task.FromResult(Describe(desk.Book.Open.GetValueOrDefault(Number(request.Number)) ?? desk.Book.Over.Last(alert => alert.Number == Number(request.Number))));
    }

    /// <inheritdoc/>
    public override Task<SilenceAlertsReply> SilenceAlerts(SilenceAlertsRequest request, ServerCallContext context)
    {
        desk.Silence(request.Rule, request.Where, TimeSpan.FromHours(Math.Min(request.Hours, 10_000u)), request.Reason, By(context));
        var reply = new SilenceAlertsReply();
        reply.Silences.AddRange(Silences(desk.Book));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<ListIncidentsReply> ListIncidents(ListIncidentsRequest request, ServerCallContext context)
    {
        var reply = new ListIncidentsReply();
        reply.Incidents.AddRange(desk.Book.Incidents.Values.Select(Describe));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<IncidentSummary> NoteIncident(IncidentRequest request, ServerCallContext context)
    {
        desk.NoteIncident(Number(request.Number), request.Text, By(context));
        return Task.FromResult(Describe(desk.Book.Incidents[Number(request.Number)]));
    }

    /// <inheritdoc/>
    public override Task<IncidentSummary> CloseIncident(IncidentRequest request, ServerCallContext context)
    {
        desk.CloseIncident(Number(request.Number), request.Text, By(context));
        return Task.FromResult(Describe(desk.Book.Incidents[Number(request.Number)]));
    }

    /// <inheritdoc/>
    public override Task<ListProposalsReply> ListProposals(ListProposalsRequest request, ServerCallContext context)
    {
        var reply = new ListProposalsReply();
        reply.Proposals.AddRange(desk.Book.Proposals.Values.Select(Describe));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<ProposalSummary> ProposeRetraining(ProposeRetrainingRequest request, ServerCallContext context)
    {
        retraining.Propose(request.Line, request.Reason, By(context));
        return Task.FromResult(Describe(desk.Book.Proposals.Values.Last(proposal => proposal.Line == request.Line)));
    }

    /// <inheritdoc/>
    public override async Task<ProposalSummary> ApproveProposal(ApproveProposalRequest request, ServerCallContext context)
    {
        await retraining.ApproveAsync(Number(request.Number), request.Study, request.Reason, By(context));
        return Describe(desk.Book.Proposals[Number(request.Number)]);
    }

    /// <inheritdoc/>
    public override Task<ProposalSummary> RefuseProposal(RefuseProposalRequest request, ServerCallContext context)
    {
        desk.RefuseProposal(Number(request.Number), request.Reason, By(context));
        return Task.FromResult(Describe(desk.Book.Proposals[Number(request.Number)]));
    }

    private static int Number(uint number) => (int)Math.Min(number, int.MaxValue); // no alert has the greatest

    private static Member By(ServerCallContext context) => Caller.Of(context).Member;

    private IEnumerable<SilenceSummary> Silences(MonitoringBook book) => book.Silences.Where(silence => silence.Until > time.GetUtcNow()).Select(silence => new SilenceSummary
    {
        Rule = silence.Rule, Where = silence.Where.Text, UntilUnixSeconds = silence.Until.ToUnixTimeSeconds(), Set = Describe(silence.Set),
    });

    private AlertSummary Describe(Alert alert) => new()
    {
        Number = (uint)alert.Number, Rule = alert.Key.Rule, Subject = alert.Key.Subject.Text, Signal = alert.Signal, Value = alert.Value, Severity = MonitoringBook.Word(alert.Severity), Group = alert.Group, Runbook = alert.Runbook,
        OpenedUnixSeconds = alert.Opened.ToUnixTimeSeconds(), Acknowledged = Describe(alert.Acknowledged), ResolvedUnixSeconds = alert.Resolved?.ToUnixTimeSeconds() ?? 0, Silenced = desk.Book.IsSilenced(alert.Key, time.GetUtcNow()),
    };

    private static RuleSummary Describe(AlertRule rule)
    {
        var summary = new RuleSummary { Name = rule.Name, Signal = rule.Signal.Name, Where = rule.Where.Text, Condition = RuleWords.Of(rule), Severity = MonitoringBook.Word(rule.Severity), Runbook = rule.Runbook };
        summary.Notify.AddRange(rule.Notify);
        return summary;
    }

    private static IncidentSummary Describe(Incident incident)
    {
        var summary = new IncidentSummary { Number = (uint)incident.Number, Group = incident.Group, OpenedUnixSeconds = incident.Opened.ToUnixTimeSeconds(), Closed = Describe(incident.Closed) };
        summary.Alerts.AddRange(incident.Alerts.Select(alert => (uint)alert));
        summary.Timeline.AddRange(incident.Timeline.Select(entry => new TimelineSummary { AtUnixSeconds = entry.At.ToUnixTimeSeconds(), By = entry.By, Text = entry.Text }));
        return summary;
    }

    private ProposalSummary Describe(Proposal proposal)
    {
        var summary = new ProposalSummary
        {
            Number = (uint)proposal.Number, Line = proposal.Line, Trigger = proposal.Trigger, Asked = Describe(proposal.Asked), State = proposal.State.ToString().ToLowerInvariant(), Decided = Describe(proposal.Decided),
            Study = proposal.Study, Run = proposal.Run,
        };
        if (proposal.State == ProposalState.Open)
        {
            foreach (var (study, changes) in retraining.Candidates(proposal.Line))
            {
                var candidate = new CandidateSummary { Study = study.Digest.ToString() };
                candidate.Changes.AddRange(changes.Select(change => change.ToString()));
                summary.Candidates.Add(candidate);
            }
        }

        return summary;
    }

    private static DeedSummary? Describe(Deed? deed) => deed is null ? null : new DeedSummary { By = deed.By, Reason = deed.Reason, AtUnixSeconds = deed.At.ToUnixTimeSeconds() };
}
