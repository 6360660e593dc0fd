using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// Stands before every route. TLS lets any certificate in, so that a refusal can say what is wrong; here it is checked: once per
/// connection that the authority issued it for a client, on each request that the directory knows exactly this certificate, that it has not
/// expired, that it is not revoked, and that its role is in <see cref="Access.Table"/>. A request may bear a token instead (<see cref="BearerTokens"/>).
/// </summary>
public sealed partial class Gate(
    RequestDelegate next, CertificateAuthority authority, MemberDirectory directory, BearerTokens tokens, Connections connections, TimeProvider time, ILogger<Gate> log)
{
    /// <summary>Lets the request through with a <see cref="Caller"/>, or answers it with a fault.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint || !Access.Table.TryGetValue(Access.RowOf(endpoint), out var roles))
            return Refuse(context, Fault.CallUnknown);
        if (roles == Roles.None)
            return next(context);
        if (BearerTokens.IsBorneBy(context))
            return LetInByTokenAsync(context, roles);
        if (context.Connection.ClientCertificate is not { } certificate)
            return Refuse(context, Fault.CertificateMissing);
        return WhyRefused(context, certificate, out var member) is { } fault ? Refuse(context, fault) : LetIn(context, roles, new Caller(member!, certificate));
    }

    private Task LetIn(HttpContext context, Roles roles, Caller caller)
    {
        if ((roles & caller.Member.Role) == 0)
            return Refuse(context, Fault.RoleMissing, $"It needs: {roles.ToString().ToLowerInvariant()}.");
        context.Features.Set(caller);
        return next(context);
    }

    private async Task LetInByTokenAsync(HttpContext context, Roles roles)
    {
        Caller caller;
        try
        {
            caller = await tokens.ReadAsync(context);
        }
        catch (FaultException refused)
        {
            await Refuse(context, refused.Fault, refused.Detail);
            return;
        }

        if (connections.Add(caller.Member, context))
            LogSignedIn(caller.Member);

        // A stream would go on for as long as somebody listens.
        await using var over = time.CreateTimer(_ => context.Abort(), null, caller.Until!.Value - time.GetUtcNow(), Timeout.InfiniteTimeSpan);
        await LetIn(context, roles, caller);
    }

    private Fault? WhyRefused(HttpContext context, X509Certificate2 certificate, out Member? member)
    {
        member = null;
        if (directory.Find(certificate.SerialNumber) is not { } issued || issued.Fingerprint != Sha256Digest.Of(certificate.RawDataMemory.Span))
            return Fault.CertificateUntrusted;
        if (issued.Revoked)
            return Fault.CertificateRevoked;
        if (issued.NotAfter <= time.GetUtcNow())
            return Fault.CertificateExpired;

        if (!connections.Knows(issued.Member, context))
        {
            switch (authority.CheckClient(certificate))
            {
                case ClientCertificateVerdict.OutOfTime:
                    return Fault.CertificateExpired;
                case ClientCertificateVerdict.Untrusted:
                    return Fault.CertificateUntrusted;
            }

            if (connections.Add(issued.Member, context) && context.Features.Get<ITlsHandshakeFeature>() is { } tls)
                LogConnection(issued.Member, tls.Protocol, tls.NegotiatedCipherSuite);

            // A revocation between the look-up and the line above did not find this connection to abort it.
            if (directory.Find(issued.Serial) is not { Revoked: false })
                return Fault.CertificateRevoked;
        }

        member = issued.Member with { Credential = $"certificate {issued.Fingerprint}" };
        return null;
    }

    private Task Refuse(HttpContext context, Fault fault, string? detail = null)
    {
        var (subject, address) = (context.Connection.ClientCertificate?.Subject, context.Connection.RemoteIpAddress?.ToString());
        if (context.Request.Path == "/") // which offers nothing: clients ask for it to learn whether there is a way
            LogTried(subject, address);
        else
            LogRefused(context.Request.Path, fault.Code, subject, address);
        return FaultWriter.WriteAsync(context, fault, detail);
    }

    [LoggerMessage(1010, LogLevel.Warning, "{Path} was refused with {Code} to {Subject} at {Address}")]
    private partial void LogRefused(string path, string code, string? subject, string? address);

    [LoggerMessage(1011, LogLevel.Information, "{Member} connected over {Protocol} with {CipherSuite}")]
    private partial void LogConnection(Member member, SslProtocols protocol, TlsCipherSuite? cipherSuite);

    [LoggerMessage(1013, LogLevel.Information, "{Member} signed in by a bearer token")]
    private partial void LogSignedIn(Member member);

    [LoggerMessage(1012, LogLevel.Information, "{Subject} at {Address} tried the way here")]
    private partial void LogTried(string? subject, string? address);
}
