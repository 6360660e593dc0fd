using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>The events of all runs, durable. An append is conditional, so that of two processes with the same run only one goes on.</summary>
public interface IRunJournal
{
    /// <summary>Appends events to a run, all or none, and returns once they are durable.</summary>
    /// <param name="run">The run.</param>
    /// <param name="after">Number of the last event that the caller knows; 0 for a new run.</param>
    /// <param name="events">At least one; they get the numbers <c>after + 1, ...</c>.</param>
    /// <exception cref="JournalConflictException">The run has other events than the caller knows.</exception>
    /// <exception cref="IOException">The disk refused; whether the events are there shows when the journal is read again.</exception>
    void Append(RunId run, long after, IReadOnlyList<RunEvent> events);

    /// <summary>A run's events with numbers above <paramref name="after"/>, in order; empty where there are none.</summary>
    IReadOnlyList<JournaledEvent> Read(RunId run, long after = 0);

    /// <summary>All runs in the order of their creation, or only those that are not over.</summary>
    IReadOnlyList<RunId> List(bool openOnly);
}

/// <summary>An event and its number in its run, from 1.</summary>
public readonly record struct JournaledEvent(long Sequence, RunEvent Event);

/// <summary>Another process, or another activation, appended to the run: whoever gets this must forget what it knows and read again.</summary>
public sealed class JournalConflictException(RunId run, long expected, long found)
    : Exception($"Run {run} has {found} events in the journal where {expected} were expected: another process works on it.");
