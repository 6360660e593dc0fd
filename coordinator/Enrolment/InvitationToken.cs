using System.Buffers.Text;
using FederatedClinicalMl.Protos.Federation;
using Google.Protobuf;

namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>The text form of an invitation: <c>fcml1.</c> and base64url of the message.</summary>
public static class InvitationToken
{
    /// <summary>Version prefix.</summary>
    public const string Prefix = "fcml1.";

    /// <summary>Length of an invitation's secret in bytes.</summary>
    public const int SecretLength = 32;

    /// <summary>Writes the text form.</summary>
    public static string Write(Invitation invitation) => Prefix + Base64Url.EncodeToString(invitation.ToByteArray());
}
