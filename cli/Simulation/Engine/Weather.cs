namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>How long things take and what goes astray. The calm one; chaos brings its own.</summary>
internal class Weather
{
    /// <summary>A message's way between a site and the coordinator.</summary>
    public virtual TimeSpan Network() => TimeSpan.FromMilliseconds(5);

    /// <summary>A call's way between gateway and worker.</summary>
    public virtual TimeSpan Local() => TimeSpan.FromMilliseconds(1);

    /// <summary>Time for a piece of computing.</summary>
    public virtual TimeSpan Work() => TimeSpan.FromMilliseconds(20);

    /// <summary>How long a client waits before it tries again.</summary>
    public virtual TimeSpan Backoff() => TimeSpan.FromSeconds(1);

    /// <summary>How long a process that died stays away.</summary>
    public virtual TimeSpan Downtime() => TimeSpan.FromSeconds(2);

    /// <summary>Whether a request or its reply is lost.</summary>
    public virtual bool Loses() => false;

    /// <summary>Whether a request arrives twice.</summary>
    public virtual bool Doubles() => false;

    /// <summary>Whether a message on a session breaks the session instead of arriving.</summary>
    public virtual bool Breaks() => false;

    /// <summary>How many of the remaining bytes go in one request.</summary>
    public virtual int Piece(int remaining) => remaining;
}
