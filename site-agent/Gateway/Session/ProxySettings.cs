using System.Collections.Immutable;
using System.Net;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// The way out of the hospital: a direct connection, or an HTTP proxy that is asked to CONNECT, with Basic authentication where it wants
/// it. TLS runs through the proxy's tunnel to the coordinator.
/// </summary>
/// <param name="Address">The proxy, <c>http://host:port</c>; null: none.</param>
/// <param name="Login">User and password; null: none.</param>
/// <param name="Bypass">Hosts that are reached directly: a name, <c>.suffix</c>, <c>host:port</c> or <c>*</c>.</param>
public sealed record ProxySettings(Uri? Address, NetworkCredential? Login, ImmutableArray<string> Bypass) : IWebProxy
{
    /// <summary>No proxy.</summary>
    public static ProxySettings Direct { get; } = new(null, null, []);

    ICredentials? IWebProxy.Credentials
    {
        get => Login;
        set => throw new NotSupportedException("The proxy's login is set when the settings are made.");
    }

    /// <summary>From HTTPS_PROXY and NO_PROXY, of either case; user and password may stand in the address, percent-encoded.</summary>
    /// <exception cref="AgentException">PROXY_ADDRESS_WRONG.</exception>
    public static ProxySettings FromEnvironment() =>
        From(Variable("HTTPS_PROXY"), Variable("NO_PROXY"));

    /// <summary>From an address such as <c>http://user:password@host:3128</c> and a comma-separated list of hosts to reach directly.</summary>
    /// <exception cref="AgentException">PROXY_ADDRESS_WRONG.</exception>
    public static ProxySettings From(string? address, string? bypass)
    {
        if (string.IsNullOrWhiteSpace(address))
            return Direct;
        if (!address.Contains("://", StringComparison.Ordinal))
            address = "http://" + address;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new AgentException("PROXY_ADDRESS_WRONG", "The proxy's address (--proxy or HTTPS_PROXY) is not of the form http://host:port.");
        NetworkCredential? login = null;
        if (uri.UserInfo.Length > 0)
        {
            var parts = uri.UserInfo.Split(':', 2);
            login = new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "");
        }

        var bare = new UriBuilder(uri.Scheme, uri.Host, uri.Port).Uri;
        return new ProxySettings(bare, login, [.. (bypass ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)]);
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : Address;

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => Address is null || Bypass.Any(rule => Matches(rule, host));

    private static bool Matches(string rule, Uri host)
    {
        if (rule == "*")
            return true;
        var name = rule;
        if (rule.LastIndexOf(':') is > 0 and var colon && int.TryParse(rule[(colon + 1)..], out var port))
        {
            if (port != host.Port)
                return false;
            name = rule[..colon];
        }

        name = name.TrimStart('.');
        return host.Host.Equals(name, StringComparison.OrdinalIgnoreCase)
            || host.Host.EndsWith('.' + name, StringComparison.OrdinalIgnoreCase);
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? Environment.GetEnvironmentVariable(name.ToLowerInvariant());
}
