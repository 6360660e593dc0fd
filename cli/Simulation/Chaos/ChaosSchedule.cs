using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using RunEvent = FederatedClinicalMl.Coordinator.Rounds.RunEvent;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>What all schedules of one study share.</summary>
internal sealed class ChaosPlan
{
    private ChaosPlan(Study study) => (Study, Signed, Undisturbed) = (study, SimulatedKeys.Sign(study), []);

    /// <summary>The study.</summary>
    public Study Study { get; }

    /// <summary>The study as it is offered.</summary>
    public SignedStudy Signed { get; }

    /// <summary>Keys: no decision depends on them.</summary>
    public SimulatedKeys Keys { get; } = new();

    /// <summary>What a run gives that nothing disturbs.</summary>
    public IReadOnlyList<CommittedStep> Undisturbed { get; private set; }

    /// <summary>Prepares schedules of <paramref name="study"/>.</summary>
    public static ChaosPlan For(Study study)
    {
        var plan = new ChaosPlan(SimulatedKeys.Name(ChaosStudy.Of(study), []));
        var memory = new MemoryDisks();
        var calm = plan.Federation(new Timeline(), new Weather(), _ => { }, (_, name) => memory.Open(name), Mutant.None);
        plan.Undisturbed = CommittedStep.Of(plan.Study, calm.RunToModel(null, CancellationToken.None));
        return plan;
    }

    /// <summary>A new federation that runs the study.</summary>
    public SimulatedFederation Federation(Timeline time, Weather weather, Action<StepRequest> before, Func<string, string, IDisk> disk, Mutant mutant) => new(
        Study, Signed, RunId.Parse("5100000000000001"), time, weather, Keys,
        [.. Study.Federation.Sites.Select(site => new SimulatedSite(site, new CheapComputer(site, before)))], disk, mutant);
}

/// <summary>How a schedule went.</summary>
/// <param name="Seed">Replays it.</param>
/// <param name="Broken">The promise that did not hold; null where all did.</param>
/// <param name="Trace">The last things that happened, in virtual time.</param>
/// <param name="Disturbances">How many crashes, disk errors and failed computations there were.</param>
/// <param name="Took">Virtual time.</param>
internal sealed record ChaosResult(long Seed, string? Broken, IReadOnlyList<string> Trace, int Disturbances, TimeSpan Took);

/// <summary>
/// One schedule: a whole federation under virtual time, disturbed as its seed says. Everything that is decided at random is decided by the seed
/// and nothing else, so that the seed replays it. Disturbances are bounded in number; after the last one the run must end.
/// </summary>
internal sealed class ChaosSchedule
{
    private const int TraceLines = 40;
    private const long MostHappenings = 200_000;
    private static readonly TimeSpan LongestRun = TimeSpan.FromHours(2);

    private readonly ChaosPlan _plan;
    private readonly long _seed;
    private readonly Random _random;
    private readonly ChaosWeather _weather;
    private readonly Timeline _time = new();
    private readonly DateTimeOffset _begin;
    private readonly Queue<string> _trace = new();
    private readonly Dictionary<string, SimulatedDisk> _disks = new(StringComparer.Ordinal);
    private readonly List<ProcessDisk> _views = [];
    private readonly HashSet<string> _losingPower = new(StringComparer.Ordinal);
    private readonly SimulatedFederation _federation;
    private readonly Promises _promises;
    private readonly double _kills;
    private readonly double _fails;
    private readonly double _declines;
    private readonly double _everySeconds;
    private int _left;
    private int _disturbances;
    private bool _armed;

    private ChaosSchedule(ChaosPlan plan, long seed, Mutant mutant)
    {
        (_plan, _seed, _random, _begin) = (plan, seed, new Random(HashCode(seed)), _time.GetUtcNow());
        _weather = new ChaosWeather(_random);
        _kills = ChaosWeather.Pick(_random, 0, 0.002, 0.006, 0.02);
        _fails = ChaosWeather.Pick(_random, 0, 0.001, 0.005);
        _declines = ChaosWeather.Pick(_random, 0, 0.02, 0.1);
        _everySeconds = ChaosWeather.Pick(_random, 0.3, 1, 4);
        _left = _random.Next(1, 25);
        _federation = plan.Federation(_time, _weather, Computing, (process, name) => mutant.Disk(process, name, View(process, name)), mutant);
        foreach (var process in _federation.Processes)
        {
            process.Died += Died;
            foreach (var view in _views.Where(view => view.Process == process.Name))
                process.Ended += view.Release;
        }

        _promises = new Promises(_federation);
        _promises.Happened += happened => Trace($"journaled {happened.GetType().Name}{StepOf(happened)}");
    }

    /// <summary>Runs the schedule of a seed.</summary>
    public static ChaosResult Run(ChaosPlan plan, long seed, Mutant? mutant = null)
    {
        ChaosSchedule? schedule = null;
        try
        {
            schedule = new ChaosSchedule(plan, seed, mutant ?? Mutant.None);
            schedule.Run();
            return schedule.Result(null);
        }
        catch (BrokenPromiseException broken)
        {
            return schedule!.Result(broken.Message);
        }
        catch (Exception fault) when (schedule is not null)
        {
            // Whatever a schedule brings the cores to throw is what it was run to find: it is reported with the seed, as a broken promise is.
            return schedule.Result($"no schedule breaks the program: {fault}");
        }
    }

    private ChaosResult Result(string? broken) => new(_seed, broken, [.. _trace], _disturbances, _time.GetUtcNow() - _begin);

    private void Run()
    {
        _armed = true;
        Administer();
        Strike();
        Withdraw();
        var ended = _federation.Run(() => Over() || _time.GetUtcNow() - _begin > LongestRun, MostHappenings);
        if (!ended || !Over())
            throw new BrokenPromiseException($"the run always ends: after {_time.GetUtcNow() - _begin} it is {_federation.Coordinator.State?.Status.ToString() ?? "away"} at {_federation.Coordinator.State?.Step?.Id}, {_time.Happened} happenings");
        _armed = false;
        _promises.AtTheEnd(_plan.Undisturbed);
    }

    // Over, and all that was to be tidied up is: every release was let go of.
    private bool Over() => _federation.Coordinator.State is { Ended: true }
        && _federation.Processes.All(process => process.IsUp)
        && _federation.Workers.Values.All(worker => worker.Core.Held().Count == 0)
        && _federation.Gateways.Values.All(gateway => gateway.IsIdle);

    // The admin starts the run, and again where the coordinator did not get so far.
    private void Administer()
    {
        _federation.Coordinator.StartRun(_federation.Sites);
        _time.After(TimeSpan.FromSeconds(1), () =>
        {
            if (_federation.Coordinator.State is not { Status: not RunStatus.Created })
                Administer();
        });
    }

    private void Strike()
    {
        if (_left == 0)
            return;
        _time.After(TimeSpan.FromSeconds(_everySeconds * 2 * _random.NextDouble()), () =>
        {
            var processes = _federation.Processes.ToList();
            var process = processes[_random.Next(processes.Count)];
            switch (_random.Next(8))
            {
                case 0 or 1 or 2 when Spend():
                    End(process, "kill");
                    break;
                case 3 or 4 when Spend():
                    LosePower(MachineOf(process.Name));
                    break;
                case 5 or 6:
                    var gateway = _federation.Gateways.Values.ElementAt(_random.Next(_federation.Gateways.Count));
                    Trace($"{gateway.Name}: session cut");
                    gateway.BreakSession();
                    break;
            }

            Strike();
        });
    }

    // Under some seeds a steward withdraws the approval in the middle of it. Decided by a generator of its own, so that what else happens stays as it is.
    private void Withdraw()
    {
        var random = new Random(HashCode(~_seed));
        if (random.Next(8) != 0)
            return;
        var site = _federation.Sites[random.Next(_federation.Sites.Length)];
        _time.After(TimeSpan.FromMilliseconds(random.Next(20_000)), () => Withdraw(site));
    }

    private void Withdraw(SiteId site)
    {
        var worker = _federation.Workers[site];
        if (_federation.Coordinator.State is { Ended: true })
            return;
        if (_federation.Coordinator.State is null)
        {
            _time.After(TimeSpan.FromSeconds(1), () => Withdraw(site)); // a run is only ever made of sites that approve
            return;
        }

        _promises.Withdrawing(site); // before: the entry may be durable although the worker dies of it
        var done = false;
        if (worker.IsUp)
        {
            worker.Do(() =>
            {
                try
                {
                    if (worker.Core.State.Studies[_plan.Study.Digest].Decision == SiteAgent.Worker.Decision.Approved)
                        worker.Core.Revoke(_plan.Study.Digest, "simulated", "");
                    done = true;
                }
                catch (IOException)
                {
                    // The steward is told so, and tries again.
                }
            });
        }

        if (done)
            Trace($"{site}: approval withdrawn");
        else
            _time.After(TimeSpan.FromSeconds(1), () => Withdraw(site));
    }

    private ProcessDisk View(string process, string name)
    {
        if (!_disks.TryGetValue(name, out var disk))
            _disks[name] = disk = new SimulatedDisk(HashCode(_seed + _disks.Count + 1));
        var view = new ProcessDisk(process, disk, FateOf);
        _views.Add(view);
        return view;
    }

    private DiskFate FateOf(ProcessDisk view)
    {
        if (!_armed || _left == 0)
            return DiskFate.Done;
        var roll = _random.NextDouble();
        if (roll < _fails && Spend())
        {
            Trace($"{view.Process}: disk error");
            return DiskFate.Fails;
        }

        if (roll >= _fails + _kills || !Spend())
            return DiskFate.Done;
        if (_random.Next(2) == 0)
            _losingPower.Add(MachineOf(view.Process));
        return _random.Next(2) == 0 ? DiskFate.KillsBefore : DiskFate.KillsAfter;
    }

    private void Computing(StepRequest request)
    {
        if (!_armed || _random.NextDouble() >= _declines || !Spend())
            return;
        Trace($"{request.Site}: {Short(request.Step)} fails");
        throw _random.Next(3) == 0 ? new SimulatedDeathException("computing") : new StepDeclinedException(Reason.TrainingFailed, "A simulated computation failed.");
    }

    private void Died(SimulatedProcess process, Exception fault)
    {
        if (_losingPower.Remove(MachineOf(process.Name)))
        {
            Trace($"{process.Name}: {fault.Message}");
            LosePower(MachineOf(process.Name));
        }
        else
        {
            End(process, fault.Message);
        }
    }

    private void LosePower(string machine)
    {
        Trace($"{machine}: power lost");
        foreach (var process in _federation.Processes.Where(process => MachineOf(process.Name) == machine))
            End(process, "no power");
        foreach (var disk in _disks.Where(disk => MachineOf(disk.Key) == machine).Select(disk => disk.Value))
        {
            disk.Crash();
            disk.Restart(powerLoss: true);
        }
    }

    private void End(SimulatedProcess process, string how)
    {
        if (!process.IsUp)
            return;
        Trace($"{process.Name}: ended, {how}");
        process.Kill();
        _time.After(_weather.Downtime(), () =>
        {
            if (process.IsUp)
                return;
            Trace($"{process.Name}: started");
            process.Start();
            _promises.CameBack(process);
        });
    }

    private bool Spend()
    {
        if (_left == 0)
            return false;
        _left--;
        _disturbances++;
        return true;
    }

    private void Trace(string line)
    {
        if (_trace.Count == TraceLines)
            _trace.Dequeue();
        _trace.Enqueue($"{(_time.GetUtcNow() - _begin).TotalSeconds,9:0.000} s  {line}");
    }

    private static string MachineOf(string name) => name.Split('/')[0];

    private static string StepOf(RunEvent happened) => happened switch
    {
        StepOpened e => $" {Short(e.Step)}",
        ReleaseAccepted e => $" {e.Site} {Short(e.Step)}",
        SiteDeclined e => $" {e.Site} {Short(e.Step)} {e.Reason}",
        StepClosed e => $" {Short(e.Step)}",
        StepCommitted e => $" {Short(e.Step)}",
        StepAbandoned e => $" {Short(e.Step)}",
        _ => "",
    };

    private static string Short(StepId step) => $"{step.Kind} {step.Round} attempt {step.Attempt}";

    // Neighbouring seeds must not begin alike (SplitMix64's finaliser; Steele et al., OOPSLA 2014).
    private static int HashCode(long seed)
    {
        var mixed = unchecked((ulong)seed * 0x9E3779B97F4A7C15);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (int)(mixed >> 33);
    }
}
