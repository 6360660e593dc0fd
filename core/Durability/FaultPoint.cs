using System.Diagnostics;

namespace FederatedClinicalMl.Durability;

/// <summary>
/// Named points at which a test can kill this very process, as SIGKILL would: between two durable steps, where crashes are hardest.
/// The environment variable <c>FCML_FAULT_POINT</c> names one point and which of its passages is fatal, <c>journal-appended#3</c>;
/// without it a passage costs one comparison of a field. Whoever can set a service's environment can also kill it, so this gives
/// nobody a new power. The list of points is in docs/reference/fault-points.md.
/// </summary>
public static class FaultPoint
{
    private const string Variable = "FCML_FAULT_POINT";

    private static readonly string? Armed;
    private static int _passagesLeft;

    static FaultPoint()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text)
            return;
        var parts = text.Split('#');
        if (parts.Length != 2 || !int.TryParse(parts[1], out _passagesLeft) || _passagesLeft < 1)
            throw new FormatException($"{Variable}='{text}' is not of the form point#passage, such as journal-appended#3.");
        Armed = parts[0];
    }

    /// <summary>Passes the point; does not return if this passage is the fatal one.</summary>
    public static void Reached(string point)
    {
        if (Armed is null || Armed != point || Interlocked.Decrement(ref _passagesLeft) != 0)
            return;
        using var self = Process.GetCurrentProcess();
        self.Kill();
        new ManualResetEventSlim().Wait(); // the signal is on its way: nothing after this point may run
    }
}
