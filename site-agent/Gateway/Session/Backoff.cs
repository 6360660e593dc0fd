using System.Security.Cryptography;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Waits between attempts: exponential with full jitter, a uniform draw from 0 to the present ceiling, so that a thousand sites that lost one
/// coordinator do not come back in the same second (M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
/// </summary>
/// <param name="first">Ceiling of the first wait.</param>
/// <param name="cap">Greatest ceiling.</param>
/// <param name="draw">A uniform draw from [0, 1).</param>
internal sealed class Backoff(TimeSpan first, TimeSpan cap, Func<double> draw)
{
    private readonly TimeSpan _first = first;
    private TimeSpan _ceiling = first;

    /// <summary>The next wait.</summary>
    public TimeSpan Next()
    {
        var wait = _ceiling * draw();
        _ceiling = _ceiling * 2 < cap ? _ceiling * 2 : cap;
        return wait;
    }

    /// <summary>Things work again.</summary>
    public void Reset() => _ceiling = _first;

    /// <summary>Trying soon is of no use: a person has to mend something.</summary>
    public void Despair() => _ceiling = cap;

    /// <summary>A draw from the operating system's generator.</summary>
    public static double Draw() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;
}
