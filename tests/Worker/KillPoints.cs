using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Tests.Worker;

/// <summary>Kills a worker at every operation of its disks, with many losses of what was not synced. The loss follows from the seed, which a failure names.</summary>
internal static class KillPoints
{
    private const int Seeds = 20;

    private static readonly (string Name, Func<Site, SimulatedDisk> Of)[] s_disks = [("worker's own", site => site.Disk), ("exchange", site => site.Exchange), ("serving", site => site.Serving)];

    /// <summary>Tries every point, up to the first at which the action ends unharmed.</summary>
    /// <param name="arrange">Before.</param>
    /// <param name="act">What is killed.</param>
    /// <param name="check">Looks at the worker that was started after it, and hears whether the action had ended.</param>
    /// <param name="beforeStart">Looks at the disks before that start.</param>
    /// <param name="computer">What computes; null: as without.</param>
    public static void Each(Action<Site> arrange, Action<Site> act, Action<Site, bool> check, Action<Site>? beforeStart = null, IStepComputer? computer = null)
    {
        foreach (var seed in Enumerable.Range(0, Seeds))
        {
            foreach (var (name, diskOf) in s_disks)
            {
                for (var (operation, finished) = (0, false); !finished; operation++)
                {
                    using var site = new Site(seed, computer);
                    arrange(site);
                    var disk = diskOf(site);
                    disk.CrashAt = disk.Operations + operation;
                    finished = Ends(act, site);
                    try
                    {
                        site.Kill(powerLoss: seed % 4 != 0);
                        beforeStart?.Invoke(site);
                        site.Start();
                        Assert.Null(site.Core.Broken);
                        check(site, finished);
                    }
                    catch (Exception failure)
                    {
                        throw new InvalidOperationException($"seed {seed}, operation {operation} of the {name} disk: {failure.Message}", failure);
                    }
                }
            }
        }
    }

    private static bool Ends(Action<Site> act, Site site)
    {
        try
        {
            act(site);
            return true;
        }
        catch (SimulatedCrash)
        {
            return false;
        }
    }
}
