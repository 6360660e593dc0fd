using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>
/// Which call of the API a page or an action does the same as: whoever may make that call (<see cref="Access.Table"/>) may see the page or do the action, and nobody else. What bears no such
/// attribute is refused to everybody.
/// </summary>
/// <param name="call">The call, e.g. <c>Administration/ListRuns</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsAttribute(string call) : Attribute
{
    private const string Package = "/fcml.federation.v1.";

    /// <summary>The roles that may.</summary>
    public Roles Roles => RolesOf(call);

    /// <summary>Whether somebody may make a call.</summary>
    public static bool May(Member person, string call) => (RolesOf(call) & person.Role) != 0;

    private static Roles RolesOf(string call) => Access.Table.GetValueOrDefault(Package + call);
}

/// <summary>What is open to everybody: the way in, and what pages look like.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OpenToAllAttribute : Attribute;

/// <summary>The calls that pages and actions do the same as.</summary>
internal static class Calls
{
    public const string Invite = "Administration/Invite";
    public const string ListMembers = "Administration/ListMembers";
    public const string Revoke = "Administration/Revoke";
    public const string ListStudies = "Administration/ListStudies";
    public const string ListRuns = "Administration/ListRuns";
    public const string StartRun = "Administration/StartRun";
    public const string WatchRun = "Administration/WatchRun";
    public const string ControlRun = "Administration/ControlRun";
    public const string ListModels = "Administration/ListModels";
    public const string FetchModelFile = "Administration/FetchModelFile";
    public const string ReadAudit = "Administration/ReadAudit";
    public const string SignIn = "Administration/SignIn";
    public const string ListLines = "Stages/ListLines";
    public const string ConfirmVersion = "Stages/ConfirmVersion";
    public const string AskPromotion = "Stages/AskPromotion";
    public const string ApprovePromotion = "Stages/ApprovePromotion";
    public const string RefusePromotion = "Stages/RefusePromotion";
    public const string SetRollout = "Stages/SetRollout";
    public const string CompareAtSites = "Stages/CompareAtSites";
    public const string ObserveVersion = "Stages/ObserveVersion";
    public const string GetMonitoring = "Stages/GetMonitoring";
    public const string ListServing = "Stages/ListServing";
    public const string RollBack = "Stages/RollBack";
    public const string DeprecateVersion = "Stages/DeprecateVersion";
    public const string RetireVersion = "Stages/RetireVersion";
    public const string ListAlerts = "Monitoring/ListAlerts";
    public const string AcknowledgeAlert = "Monitoring/AcknowledgeAlert";
    public const string SilenceAlerts = "Monitoring/SilenceAlerts";
    public const string NoteIncident = "Monitoring/NoteIncident";
    public const string CloseIncident = "Monitoring/CloseIncident";
    public const string ProposeRetraining = "Monitoring/ProposeRetraining";
    public const string ApproveProposal = "Monitoring/ApproveProposal";
    public const string RefuseProposal = "Monitoring/RefuseProposal";
}
