using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>A run in a line of a list. <c>Asks</c> is what it asks of the sites where it makes no model; empty otherwise.</summary>
public sealed record RunLine(RunId Run, string Study, StudyDigest Digest, RunStatus Status, int Round, int Rounds, int Sites, DateTimeOffset Created, DateTimeOffset LastEvent, string Asks)
{
    internal static RunLine Of(RunPicture picture)
    {
        var (state, plan) = (picture.State, picture.State.Plan);
        return new RunLine(plan.Run, plan.Name, plan.Study, state.Status, state.Round?.Value ?? state.Recorded?.Value ?? 0, plan.Rounds, plan.Sites.Length, picture.Created, picture.LastEvent,
            plan.Profile ? "its profile" : plan.Against is not null ? "a comparison" : plan.Monitoring is not null ? "what a version did" : "");
    }
}

/// <summary>The runs, as pages look at them: a few whole, and of those that are over a line each.</summary>
internal sealed class RunBoards(IRunJournal journal, ResultStore results)
{
    private const int MostWhole = 16; // of 100 sites and 500 rounds one takes some ten megabytes

    private readonly Lock _turn = new(); // guards the two below; a run's events are not read under it
    private readonly LinkedList<(RunId Run, RunBoard Board)> _whole = []; // the latest looked at first
    private readonly Dictionary<RunId, RunLine> _over = [];

    /// <summary>A run; null where there is none.</summary>
    public RunPicture? Look(RunId run)
    {
        RunBoard board;
        lock (_turn)
        {
            var node = _whole.First;
            while (node is not null && node.Value.Run != run)
                node = node.Next;
            if (node is null)
                node = new LinkedListNode<(RunId Run, RunBoard Board)>((run, new RunBoard(run, journal, results)));
            else
                _whole.Remove(node);
            _whole.AddFirst(node);
            if (_whole.Count > MostWhole)
                _whole.RemoveLast();
            board = node.Value.Board;
        }

        var picture = board.Look();
        if (picture is null)
        {
            lock (_turn)
                _whole.Remove((run, board)); // an id that somebody made up takes no run's place
        }

        return picture;
    }

    /// <summary>The runs that are not over.</summary>
    public IReadOnlyList<RunPicture> Open() => [.. journal.List(openOnly: true).Select(Look).OfType<RunPicture>()];

    /// <summary>The latest runs, the newest first.</summary>
    /// <param name="most">How many.</param>
    public IReadOnlyList<RunLine> Latest(int most, StudyDigest? of = null) => [.. journal.List(openOnly: false).Reverse().Select(Line).OfType<RunLine>().Where(line => of is null || line.Digest == of).Take(most)];

    private RunLine? Line(RunId run)
    {
        lock (_turn)
        {
            if (_over.TryGetValue(run, out var known))
                return known;
        }

        if (Look(run) is not { } picture)
            return null;
        var line = RunLine.Of(picture);
        if (picture.State.Ended)
        {
            lock (_turn)
                _over[run] = line;
        }

        return line;
    }
}
