using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>What happened to alerts, incidents and proposals; durable before it takes effect. A closed hierarchy; its JSON is <see cref="MonitoringEventCodec"/>'s.</summary>
/// <param name="At">When it was decided, to the millisecond.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(AlertOpened), nameof(AlertOpened))]
[JsonDerivedType(typeof(AlertEscalated), nameof(AlertEscalated))]
[JsonDerivedType(typeof(AlertResolved), nameof(AlertResolved))]
[JsonDerivedType(typeof(AlertAcknowledged), nameof(AlertAcknowledged))]
[JsonDerivedType(typeof(AlertsSilenced), nameof(AlertsSilenced))]
[JsonDerivedType(typeof(AlertsNotified), nameof(AlertsNotified))]
[JsonDerivedType(typeof(IncidentOpened), nameof(IncidentOpened))]
[JsonDerivedType(typeof(IncidentJoined), nameof(IncidentJoined))]
[JsonDerivedType(typeof(IncidentNoted), nameof(IncidentNoted))]
[JsonDerivedType(typeof(IncidentClosed), nameof(IncidentClosed))]
[JsonDerivedType(typeof(ProposalOpened), nameof(ProposalOpened))]
[JsonDerivedType(typeof(RetrainingChosen), nameof(RetrainingChosen))]
[JsonDerivedType(typeof(ProposalApproved), nameof(ProposalApproved))]
[JsonDerivedType(typeof(ProposalReopened), nameof(ProposalReopened))]
[JsonDerivedType(typeof(ProposalRefused), nameof(ProposalRefused))]
public abstract record MonitoringEvent(DateTimeOffset At);

/// <summary>A rule has held for as long as it must.</summary>
public sealed record AlertOpened(DateTimeOffset At, int Number, string Rule, Subject Subject, string Signal, double Value, Severity Severity, string Group, string Runbook) : MonitoringEvent(At);

/// <summary>Nobody has acknowledged it in time.</summary>
public sealed record AlertEscalated(DateTimeOffset At, int Number, Severity To) : MonitoringEvent(At);

/// <summary>Its cause is gone, or its rule.</summary>
public sealed record AlertResolved(DateTimeOffset At, int Number) : MonitoringEvent(At);

/// <summary>Somebody sees to it.</summary>
public sealed record AlertAcknowledged(DateTimeOffset At, int Number, string By, string Reason) : MonitoringEvent(At);

/// <summary>Alerts that match are not told to anybody until then.</summary>
/// <param name="At">When.</param>
/// <param name="Rule">Of which rule; empty: of any.</param>
/// <param name="Where">About subjects that match.</param>
/// <param name="Until">Until when.</param>
/// <param name="By">Who wants that.</param>
/// <param name="Reason">Why.</param>
public sealed record AlertsSilenced(DateTimeOffset At, string Rule, Subject Where, DateTimeOffset Until, string By, string Reason) : MonitoringEvent(At);

/// <summary>Alerts of a group were handed to channels, as one message each.</summary>
public sealed record AlertsNotified(DateTimeOffset At, string Group, ImmutableArray<int> Numbers, Severity Severity, ImmutableArray<string> Channels) : MonitoringEvent(At);

/// <summary>A critical alert has opened an incident.</summary>
public sealed record IncidentOpened(DateTimeOffset At, int Number, string Group, int Alert) : MonitoringEvent(At);

/// <summary>A critical alert of the same group has joined it.</summary>
public sealed record IncidentJoined(DateTimeOffset At, int Number, int Alert) : MonitoringEvent(At);

/// <summary>Something that belongs to its course: said by a person, or noticed of a line that it is about.</summary>
public sealed record IncidentNoted(DateTimeOffset At, int Number, string By, string Text) : MonitoringEvent(At);

/// <summary>A person has closed it.</summary>
public sealed record IncidentClosed(DateTimeOffset At, int Number, string By, string Reason) : MonitoringEvent(At);

/// <summary>A line is proposed to be trained again.</summary>
/// <param name="At">When.</param>
/// <param name="Number">Its number.</param>
/// <param name="Line">The line.</param>
/// <param name="Trigger">What: alert, cron, manual.</param>
/// <param name="By">Who; "coordinator" for a trigger.</param>
/// <param name="Reason">Why.</param>
public sealed record ProposalOpened(DateTimeOffset At, int Number, string Line, string Trigger, string By, string Reason) : MonitoringEvent(At);

/// <summary>The proposal was approved, and its run, whose id was chosen, is about to be started: under that id, and so once, however often that is tried.</summary>
public sealed record RetrainingChosen(DateTimeOffset At, int Number, string By, string Reason, string Study, string Run) : MonitoringEvent(At);

/// <summary>The proposal was approved, and its run started.</summary>
public sealed record ProposalApproved(DateTimeOffset At, int Number, string By, string Reason, string Study, string Run) : MonitoringEvent(At);

/// <summary>The run that was chosen could not be started, and there is none: the proposal waits for a person again.</summary>
public sealed record ProposalReopened(DateTimeOffset At, int Number) : MonitoringEvent(At);

/// <summary>The proposal was refused.</summary>
public sealed record ProposalRefused(DateTimeOffset At, int Number, string By, string Reason) : MonitoringEvent(At);
