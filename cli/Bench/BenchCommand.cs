using System.CommandLine;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary><c>fcml bench ...</c>: how fast this software is on this machine.</summary>
internal static class BenchCommand
{
    public static Command Create(TimeProvider time) =>
        new Verb("bench", "Measure this software on this machine, with real processes over mutual TLS.") { RoundsVerb.Create(time) };
}
