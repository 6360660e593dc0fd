using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>Why a call to the coordinator failed. One reading of it, for the log, for enrolment and for <c>doctor</c>.</summary>
/// <param name="Code">Stable name; the coordinator's own where it said one.</param>
/// <param name="Sentence">What, where, and how to mend it.</param>
/// <param name="Lost">Whether the request may have been carried out all the same: the connection broke, nobody said no.</param>
public sealed record CoordinatorFault(string Code, string Sentence, bool Lost)
{
    /// <summary>The gRPC trailer in which the coordinator names its fault.</summary>
    public const string CodeTrailer = "fcml-fault";

    /// <summary>The HTTP header in which it does so.</summary>
    public const string CodeHeader = "Fcml-Fault";

    /// <summary>Whether it may go away by itself, as a restart or a cut line does; else a person has to mend something first.</summary>
    public bool Passes => Lost || Code is "CONNECTION_REFUSED" or "PROXY_REFUSED" or "UNREACHABLE" or "NAME_NOT_FOUND";

    /// <summary>As an exception.</summary>
    public AgentException ToException(Exception? cause = null) => new(Code, Sentence, cause);

    internal static CoordinatorFault Explain(Exception failure, Uri coordinator, AuthorityPin.Refusal? refusal, ProxySettings proxy)
    {
        if (failure is RpcException { Trailers: { } trailers } told && trailers.GetValue(CodeTrailer) is { Length: > 0 } code)
            return new CoordinatorFault(code, told.Status.Detail, Lost: false);

        var at = $"{coordinator.Host}:{coordinator.Port}";
        var causes = Causes(failure).ToList();
        if (causes.OfType<HttpRequestException>().FirstOrDefault(e => e.HttpRequestError == HttpRequestError.ProxyTunnelError) is { } tunnel)
            return Tunnel(tunnel, at, proxy);
        if (causes.OfType<AuthenticationException>().FirstOrDefault() is { } tls)
            return Tls(tls, at, refusal);
        if (causes.OfType<SocketException>().FirstOrDefault() is { } socket)
            return Socket(socket, at, proxy.IsBypassed(coordinator) ? null : proxy.Address);
        if (failure is RpcException rpc)
        {
            return rpc.StatusCode switch
            {
                StatusCode.Unauthenticated => new("CERTIFICATE_UNKNOWN", $"The coordinator at {at} does not accept our certificate. Ask the admin whether this site was revoked; if so, enrol again.", Lost: false),
                StatusCode.PermissionDenied => new("FORBIDDEN", $"The coordinator at {at} forbids this: {rpc.Status.Detail}", Lost: false),
                StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled or StatusCode.DeadlineExceeded or StatusCode.Unknown =>
                    new("CONNECTION_LOST", $"The connection to {at} broke: {rpc.Status.Detail}", Lost: true),
                _ => new("REFUSED", $"The coordinator at {at} refused: {rpc.Status.Detail}", Lost: false),
            };
        }

        return new("CONNECTION_LOST", $"The connection to {at} broke: {failure.Message}", Lost: true);
    }

    private static CoordinatorFault Tunnel(HttpRequestException failure, string at, ProxySettings proxy) => failure.StatusCode switch
    {
        HttpStatusCode.ProxyAuthenticationRequired when proxy.Login is null =>
            new("PROXY_LOGIN_NEEDED", $"The proxy {proxy.Address} asks for a login (407) and none is set. Put user and password into HTTPS_PROXY, or use --proxy-login.", Lost: false),
        HttpStatusCode.ProxyAuthenticationRequired =>
            new("PROXY_LOGIN_WRONG", $"The proxy {proxy.Address} does not accept the login of user '{proxy.Login.UserName}' (407). Correct user and password.", Lost: false),
        HttpStatusCode.Forbidden =>
            new("PROXY_DENIES", $"The proxy {proxy.Address} does not let us CONNECT to {at} (403). Ask the network team to allow CONNECT to exactly this host and port.", Lost: false),
        { } status => new("PROXY_FAILED", $"The proxy {proxy.Address} answered {(int)status} to CONNECT {at}. Ask the network team whether it can reach that address.", Lost: true),
        null => new("PROXY_FAILED", $"The proxy {proxy.Address} broke off the CONNECT to {at}: {failure.Message}", Lost: true),
    };

    private static CoordinatorFault Tls(AuthenticationException failure, string at, AuthorityPin.Refusal? refusal) => refusal switch
    {
        null => new("TLS_FAILED", $"TLS with {at} failed: {failure.Message} If it names an alert, the coordinator did not accept our certificate: ask the admin.", Lost: false),
        { OurAuthority: false } => new(
            "TLS_INTERCEPTED",
            $"The certificate at {at} was issued by '{refusal.Issuer}', not by the authority of our invitation ({refusal.Why}). A proxy that opens TLS, or a wrong address: "
            + "ask the network team to exempt this host and port from TLS inspection.",
            Lost: false),
        _ => new("COORDINATOR_CERTIFICATE_WRONG", $"The certificate at {at} is not good: {refusal.Why}. Check this host's clock; otherwise tell the coordinator's admin.", Lost: false),
    };

    private static CoordinatorFault Socket(SocketException failure, string at, Uri? proxy)
    {
        var host = proxy is null ? at : $"the proxy {proxy.Host}:{proxy.Port}";
        return failure.SocketErrorCode switch
        {
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
                new("NAME_NOT_FOUND", $"The name of {host} is not known here. Check the address, the DNS servers and /etc/hosts.", Lost: false),
            SocketError.ConnectionRefused =>
                new(proxy is null ? "CONNECTION_REFUSED" : "PROXY_REFUSED", $"Nothing listens at {host}. Check that it runs and that the port is right.", Lost: false),
            SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable =>
                new("UNREACHABLE", $"There is no way to {host}. Ask the network team for outbound TCP to it, or for the proxy to use.", Lost: false),
            _ => new("CONNECTION_LOST", $"The connection to {host} broke: {failure.Message}", Lost: true),
        };
    }

    private static IEnumerable<Exception> Causes(Exception failure)
    {
        var queue = new Queue<Exception?>([failure, (failure as RpcException)?.Status.DebugException]);
        while (queue.TryDequeue(out var next))
        {
            if (next is null)
                continue;
            yield return next;
            queue.Enqueue(next.InnerException);
            if (next is AggregateException many)
            {
                foreach (var inner in many.InnerExceptions.Skip(1))
                    queue.Enqueue(inner);
            }
        }
    }
}
