using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>An invitation, checked: what <c>fcml site invite</c> printed. Holding it is the right to enrol once.</summary>
public sealed class InvitationToken
{
    private const string Prefix = "fcml1.";

    private InvitationToken(Invitation invitation, Uri coordinator, X509Certificate2 authority, string subject)
    {
        Id = invitation.Id;
        Secret = invitation.Secret;
        Coordinator = coordinator;
        Authority = authority;
        Subject = subject;
        Name = invitation.Subject.Name;
        IsSite = invitation.Subject.Kind == Protos.Federation.Subject.Types.Kind.Site;
        Expires = DateTimeOffset.FromUnixTimeSeconds(invitation.ExpiresUnixSeconds);
    }

    /// <summary>The coordinator's address.</summary>
    public Uri Coordinator { get; }

    /// <summary>The one authority that is trusted.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>The URI name that the certificate will carry, <c>urn:fcml:site:...</c> or <c>urn:fcml:person:role:...</c>.</summary>
    public string Subject { get; }

    /// <summary>The site's or person's name.</summary>
    public string Name { get; }

    /// <summary>Whether a site is invited, not a person.</summary>
    public bool IsSite { get; }

    /// <summary>The invitation is good until then.</summary>
    public DateTimeOffset Expires { get; }

    internal string Id { get; }

    internal ByteString Secret { get; }

    /// <summary>Reads a token, or, of the form <c>@FILE</c>, the file that holds it.</summary>
    /// <exception cref="AgentException">INVITATION_MALFORMED.</exception>
    public static InvitationToken Read(string tokenOrFile)
    {
        if (!tokenOrFile.StartsWith('@'))
            return Parse(tokenOrFile);
        var file = tokenOrFile[1..];
        try
        {
            return Parse(File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException("INVITATION_MALFORMED", $"The invitation file '{file}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a token.</summary>
    /// <exception cref="AgentException">INVITATION_MALFORMED.</exception>
    public static InvitationToken Parse(string token)
    {
        token = token.Trim();
        if (!token.StartsWith(Prefix, StringComparison.Ordinal))
            throw Malformed($"it does not begin with '{Prefix}'");
        Invitation invitation;
        try
        {
            invitation = Invitation.Parser.ParseFrom(Base64Url.DecodeFromChars(token.AsSpan(Prefix.Length)));
        }
        catch (Exception e) when (e is FormatException or InvalidProtocolBufferException)
        {
            throw Malformed("it is cut short or has a character too many", e);
        }

        if (!Uri.TryCreate(invitation.Coordinator, UriKind.Absolute, out var coordinator) || coordinator.Scheme != Uri.UriSchemeHttps)
            throw Malformed("it names no https address of a coordinator");
        if (invitation.Id.Length == 0 || invitation.Secret.Length != 32 || SubjectName(invitation.Subject) is not { } subject)
            throw Malformed("it is cut short: the secret or the invited name is missing");
        try
        {
            return new InvitationToken(invitation, coordinator, X509CertificateLoader.LoadCertificate(invitation.Authority.Span), subject);
        }
        catch (CryptographicException e)
        {
            throw Malformed("the authority's certificate in it cannot be read", e);
        }
    }

    private static string? SubjectName(Subject? subject) => subject switch
    {
        null => null,
        _ when !Studies.Name.IsName(subject.Name) => null,
        { Kind: Protos.Federation.Subject.Types.Kind.Site } => $"urn:fcml:site:{subject.Name}",
        { Kind: Protos.Federation.Subject.Types.Kind.Person, Role: not Protos.Federation.Subject.Types.Role.Unspecified } =>
            $"urn:fcml:person:{subject.Role.ToString().ToLowerInvariant()}:{subject.Name}",
        _ => null,
    };

    private static AgentException Malformed(string why, Exception? cause = null) =>
        new("INVITATION_MALFORMED", $"This is not a whole invitation: {why}. Copy the whole line that 'fcml site invite' printed, from '{Prefix}' on.", cause);
}
