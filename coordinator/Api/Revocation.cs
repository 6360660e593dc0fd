using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Rounds;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Makes a revocation felt at once: no new request passes the gate, what is open is ended, and the runs go on without the site.</summary>
public sealed class Revocation(EnrolmentDesk desk, SessionHub sessions, Connections connections, SignInLinks links, DashboardSessions pages, Runs runs, TimeProvider time)
{
    /// <summary>Long enough for a farewell to reach a site that listens; one that does not is cut off all the same.</summary>
    internal static readonly TimeSpan FarewellWithin = TimeSpan.FromSeconds(2);

    /// <summary>Revokes a member.</summary>
    /// <exception cref="FaultException">MEMBER_UNKNOWN, SELF_REVOKED.</exception>
    public async Task RevokeAsync(Member member, Member actor)
    {
        desk.Revoke(member, actor);
        var session = member.IsSite ? sessions.Close(member.Site, Fault.CertificateRevoked) : null;
        connections.Abort(member, except: session?.Connection);
        links.Withdraw(member);
        pages.End(member);
        if (member.IsSite)
            await runs.RemoveAsync(member.Site, GoneReason.Revoked);
        if (session is not null)
        {
            // Not aborted as soon as the farewell is written: a reset overtakes it, and the site would never learn why.
            await Task.WhenAny(connections.Close(member, session.Connection), Task.Delay(FarewellWithin, time));
            connections.Abort(member);
        }
    }
}
