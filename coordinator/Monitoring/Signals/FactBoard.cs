namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>The newest fact of each signal and subject, and of levels what they were: what rules look at. In memory, told anew after a start; not for several threads at once.</summary>
public sealed class FactBoard
{
    private const int LongestHistory = 512; // of one series; older ones fall out

    private readonly Dictionary<string, Dictionary<Subject, Series>> _signals = new(StringComparer.Ordinal);

    /// <summary>Takes a fact. One that says what is known already changes nothing but when it was heard last.</summary>
    public void Take(Fact fact)
    {
        ArgumentNullException.ThrowIfNull(fact);
        if (!_signals.TryGetValue(fact.Signal.Name, out var subjects))
            _signals[fact.Signal.Name] = subjects = [];
        if (!subjects.TryGetValue(fact.Subject, out var series))
            subjects[fact.Subject] = series = new Series(fact);
        series.Take(fact, LongestHistory);
    }

    /// <summary>Forgets what a signal says of subjects that match: they are no more, or begin anew. An alert about them stays as it is until something is known again.</summary>
    public void Forget(MonitoredSignal signal, Subject where)
    {
        ArgumentNullException.ThrowIfNull(signal);
        foreach (var subject in Of(signal.Name).Select(series => series.Last.Subject).Where(subject => subject.Matches(where)).ToList())
            _signals[signal.Name].Remove(subject);
    }

    /// <summary>Says of all signals that no more is expected of subjects that match, until something is told of them again: their silence is no absence.</summary>
    public void ExpectNoMore(Subject where)
    {
        foreach (var series in _signals.Values.SelectMany(subjects => subjects.Values).Where(series => series.Last.Subject.Matches(where)))
            series.IsExpected = false;
    }

    /// <summary>All series of a signal.</summary>
    public IReadOnlyCollection<Series> Of(string signal) => _signals.TryGetValue(signal, out var subjects) ? subjects.Values : [];

    /// <summary>A series; null where nothing is known.</summary>
    public Series? Of(string signal, Subject subject) => _signals.GetValueOrDefault(signal)?.GetValueOrDefault(subject);
}

/// <summary>What one signal has said of one subject.</summary>
public sealed class Series
{
    private readonly LinkedList<Fact> _changes = [];

    internal Series(Fact first) => Last = first;

    /// <summary>The newest fact.</summary>
    public Fact Last { get; private set; }

    /// <summary>Whether more is to come; else its silence means nothing.</summary>
    public bool IsExpected { get; internal set; } = true;

    /// <summary>The level at the beginning of a window and every one within it.</summary>
    public IEnumerable<double> Since(DateTimeOffset moment)
    {
        double? before = null;
        foreach (var fact in _changes)
        {
            if (fact.At < moment)
            {
                before = fact.Number;
                continue;
            }

            if (before is { } level)
                yield return level;
            before = null;
            yield return fact.Number;
        }

        if (before is { } still)
            yield return still;
    }

    internal void Take(Fact fact, int longest)
    {
        if (_changes.Last is not { } last || last.Value.Number != fact.Number)
            _changes.AddLast(fact);
        if (_changes.Count > longest)
            _changes.RemoveFirst();
        (Last, IsExpected) = (fact, true);
    }
}
