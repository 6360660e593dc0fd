using System.Collections.Frozen;
using FederatedClinicalMl.Coordinator.Enrolment;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Routing;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// Who may call what: the whole of it, in one table. A route that is not here is refused for everybody, and
/// <see cref="Gate"/> is asked before any route's own code runs.
/// </summary>
public static class Access
{
    /// <summary>The only call that needs no certificate: it redeems an invitation.</summary>
    public const string Enrol = "/fcml.federation.v1.Enrolment/Enrol";

    private const Roles Everybody = Roles.Site | Roles.People;

    /// <summary>Roles by route pattern. <see cref="Roles.None"/> stands at <see cref="Enrol"/> only, which is open.</summary>
    public static readonly FrozenDictionary<string, Roles> Table = new Dictionary<string, Roles>
    {
        [Enrol] = Roles.None,
        ["/fcml.federation.v1.Enrolment/Renew"] = Everybody,
        ["/fcml.federation.v1.Session/Connect"] = Roles.Site,
        [ParametersRoute] = Roles.Site,
        [ReleasesRoute] = Roles.Site,
        [ModelsRoute] = Roles.Site,
        [OpenApiRoute] = Roles.People,
        ["/fcml.federation.v1.Administration/Invite"] = Roles.Admin,
        ["/fcml.federation.v1.Administration/ListMembers"] = Roles.People,
        ["/fcml.federation.v1.Administration/Revoke"] = Roles.Admin,
        ["/fcml.federation.v1.Administration/SubmitStudy"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Administration/ListStudies"] = Roles.People,
        ["/fcml.federation.v1.Administration/WatchStudy"] = Roles.People,
        ["/fcml.federation.v1.Administration/StartRun"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Administration/ControlRun"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Administration/ListRuns"] = Roles.People,
        ["/fcml.federation.v1.Administration/WatchRun"] = Roles.People,
        ["/fcml.federation.v1.Administration/ListModels"] = Roles.People,
        ["/fcml.federation.v1.Administration/FetchModelFile"] = Roles.People,
        ["/fcml.federation.v1.Administration/ReadAudit"] = Roles.Admin | Roles.Auditor,
        ["/fcml.federation.v1.Administration/SignIn"] = Roles.People,
        ["/fcml.federation.v1.Stages/ListLines"] = Roles.People,
        ["/fcml.federation.v1.Stages/ProposeVersion"] = Roles.People,
        ["/fcml.federation.v1.Stages/ConfirmVersion"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Stages/CheckGates"] = Roles.People,
        ["/fcml.federation.v1.Stages/CompareAtSites"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Stages/ObserveVersion"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Stages/GetMonitoring"] = Roles.People,
        ["/fcml.federation.v1.Stages/AskPromotion"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Stages/ApprovePromotion"] = Roles.Admin | Roles.Researcher | Roles.Clinician,
        ["/fcml.federation.v1.Stages/RefusePromotion"] = Roles.Admin | Roles.Researcher | Roles.Clinician,
        ["/fcml.federation.v1.Stages/SetRollout"] = Roles.Admin | Roles.Researcher | Roles.Clinician, // a shadow, or what answers patients: the service tells them apart
        ["/fcml.federation.v1.Stages/ListServing"] = Roles.People,
        ["/fcml.federation.v1.Stages/RollBack"] = Roles.Admin | Roles.Clinician,
        ["/fcml.federation.v1.Stages/DeprecateVersion"] = Roles.Admin,
        ["/fcml.federation.v1.Stages/RetireVersion"] = Roles.Admin,
        ["/fcml.federation.v1.Monitoring/ListAlerts"] = Roles.People,
        ["/fcml.federation.v1.Monitoring/AcknowledgeAlert"] = Roles.Admin | Roles.Researcher | Roles.Clinician,
        ["/fcml.federation.v1.Monitoring/SilenceAlerts"] = Roles.Admin | Roles.Researcher | Roles.Clinician,
        ["/fcml.federation.v1.Monitoring/ListIncidents"] = Roles.People,
        ["/fcml.federation.v1.Monitoring/NoteIncident"] = Roles.Admin | Roles.Researcher | Roles.Clinician,
        ["/fcml.federation.v1.Monitoring/CloseIncident"] = Roles.Admin | Roles.Researcher | Roles.Clinician,
        ["/fcml.federation.v1.Monitoring/ListProposals"] = Roles.People,
        ["/fcml.federation.v1.Monitoring/ProposeRetraining"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Monitoring/ApproveProposal"] = Roles.Admin | Roles.Researcher,
        ["/fcml.federation.v1.Monitoring/RefuseProposal"] = Roles.Admin | Roles.Researcher,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The row of a route: that of its call, whether it is made by gRPC or by REST (<see cref="RestCall"/>); else that of its own pattern.</summary>
    internal static string RowOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName ?? endpoint.RoutePattern.RawText ?? "";

    /// <summary>Where parameters are fetched.</summary>
    public const string ParametersRoute = "/v1/parameters/{digest}";

    /// <summary>Where models are fetched that sites are to serve.</summary>
    public const string ModelsRoute = "/v1/models/{digest}/{file}";

    /// <summary>Where releases are delivered.</summary>
    public const string ReleasesRoute = "/v1/releases/{step}";

    /// <summary>Where REST is described.</summary>
    public const string OpenApiRoute = "/openapi/v1.json";
}
