using FederatedClinicalMl.Coordinator.Rounds;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>A process that can be killed at any moment: its memory, and whatever it had scheduled, is gone with it.</summary>
internal abstract class SimulatedProcess(string name, Timeline time)
{
    private int _life;

    /// <summary>Name for traces.</summary>
    public string Name => name;

    /// <summary>Whether it runs.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Raised when the process cannot go on (its disk failed it, or killed it); the service manager kills what is left and starts it again.</summary>
    public event Action<SimulatedProcess, Exception>? Died;

    /// <summary>Raised after the process ended, however it did: what it held open is released.</summary>
    public event Action? Ended;

    /// <summary>Which life it lives: work of an earlier one must not reach into this.</summary>
    protected int Life => _life;

    /// <summary>The clock.</summary>
    protected Timeline Time => time;

    /// <summary>Starts with an empty memory.</summary>
    public void Start()
    {
        if (IsUp)
            return;
        IsUp = true;
        _life++;
        Do(OnStart);
    }

    /// <summary>Ends at once, as by SIGKILL.</summary>
    public void Kill()
    {
        IsUp = false;
        _life++;
        Forget();
        Ended?.Invoke();
    }

    /// <summary>Does something as this process; false where that was its death.</summary>
    public bool Do(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception fault) when (fault is IOException or JournalConflictException or SimulatedDeathException)
        {
            Died?.Invoke(this, fault);
            return false;
        }
    }

    /// <summary>Schedules something for this life.</summary>
    protected void Later(TimeSpan delay, Action action) => time.After(delay, InThisLife(action));

    /// <summary>The action, as something that only this life of the process does.</summary>
    protected Action InThisLife(Action action)
    {
        var life = _life;
        return () =>
        {
            if (IsUp && life == _life)
                Do(action);
        };
    }

    /// <summary>Takes up what is on the disk.</summary>
    protected abstract void OnStart();

    /// <summary>Lets go of everything in memory; the disk is not touched.</summary>
    protected abstract void Forget();
}

/// <summary>A schedule kills the process here; nothing may catch it but <see cref="SimulatedProcess.Do"/>.</summary>
internal sealed class SimulatedDeathException(string where) : Exception($"killed at {where}");
