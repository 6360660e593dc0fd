namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>
/// Where this console is. Every address of it begins with 128 random bits, drawn at each start: a browser sends a cookie to every port of a host, and the ports of loopback are anybody's on this machine; but it sends it
/// to no path other than the cookie's own, and that nobody else knows.
/// </summary>
internal sealed class ConsoleAddress
{
    private Uri? _bound;

    /// <summary>What every path begins with; no slash at its end.</summary>
    public string Base { get; } = $"/{SignInLink.Draw()}";

    /// <summary>The value of the Host header of every request of ours.</summary>
    public string Authority => Bound.Authority;

    /// <summary>The first page.</summary>
    public string Home => $"{Base}/";

    /// <summary>The address of a page.</summary>
    /// <param name="path">As in <see cref="Routes"/>, without a slash before it.</param>
    public Uri Of(string path) => new(Bound, $"{Base}/{path}");

    internal void Bind(Uri bound) => _bound = bound;

    private Uri Bound => _bound ?? throw new InvalidOperationException("The console does not listen yet.");
}
