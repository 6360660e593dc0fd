using System.Buffers.Text;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>Invitations that were tampered with.</summary>
internal static class Invitations
{
    /// <summary>An invitation with something else in it.</summary>
    public static string Change(string invitation, Action<Invitation> change)
    {
        var message = Invitation.Parser.ParseFrom(Base64Url.DecodeFromChars(invitation.AsSpan(InvitationToken.Prefix.Length)));
        change(message);
        return InvitationToken.Write(message);
    }
}
