using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What became of an order.</summary>
/// <param name="Order">SHA-256 of what was signed; of the bytes, where they are no order.</param>
/// <param name="State">What.</param>
/// <param name="Missing">Models that are wanted in the incoming directory.</param>
/// <param name="Since">Since when.</param>
public sealed record ServingAnswer(Sha256Digest Order, ServingState State, ImmutableArray<Sha256Digest> Missing, DateTimeOffset Since);

/// <summary>
/// What may be scored with at this site: the steward's allow-list, the coordinator's orders, and the shelf that follows from both. Everything that is decided is in the worker's log before the shelf says so, and the shelf is
/// made anew from the log at each start. (docs/reference/serving.md)
/// </summary>
public sealed class ServingDesk
{
    /// <summary>How often withdrawals are looked for: a directory of a few files is listed.</summary>
    public static readonly TimeSpan Often = TimeSpan.FromSeconds(2);

    private const int LongestFile = 512 << 20;

    private readonly WorkerJournal _journal;
    private readonly SiteId _site;
    private readonly IDisk _exchange;
    private readonly ShelfStore _store;
    private readonly Action<string> _refused;

    // The journal's. Also guards the store and what is below.
    private readonly Lock _gate;
    private readonly Dictionary<string, (ServingOrder Order, Sha256Digest Signer, byte[] Signed)> _offered = []; // newest that came, also where it is not allowed: what a steward may allow
    private readonly HashSet<Sha256Digest> _wrong = []; // models whose files came and are not what was signed
    private int _unreadable; // files that are no withdrawals, when it was last looked

    private ServingDesk(WorkerJournal journal, SiteId site, IDisk exchange, ShelfStore store, Action<string> refused) =>
        (_journal, _site, _exchange, _store, _refused, _gate) = (journal, site, exchange, store, refused, journal.Gate);

    /// <summary>Raised after something about a line has changed at the site: what became of its order now. Handlers must not call back.</summary>
    public event Action<ServingAnswer>? Changed;

    /// <summary>Raised after a withdrawal was logged. Handlers must not call back.</summary>
    public event Action<Withdrawal>? WithdrawnHere;

    private ServedLines Lines => _journal.State.Serving;

    /// <summary>Takes up where the log ends: the shelf is what the log and the models that are here add up to. Where the log is broken, nothing is touched.</summary>
    /// <param name="journal">The worker's log.</param>
    /// <param name="site">The site.</param>
    /// <param name="exchange">Where models come in.</param>
    /// <param name="serving">The folder <c>serving/</c>.</param>
    /// <param name="refused">Hears, in a sentence for the site's log, of what was not taken.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    public static ServingDesk Open(WorkerJournal journal, SiteId site, IDisk exchange, IDisk serving, Action<string> refused)
    {
        ArgumentNullException.ThrowIfNull(journal);
        var desk = new ServingDesk(journal, site, exchange, new ShelfStore(serving), refused);
        lock (journal.Gate)
        {
            desk._store.Open();
            if (journal.Broken is null)
                desk.Arrange();
        }

        return desk;
    }

    /// <summary>Takes an order up, or says again what became of it; takes in the models that have come.</summary>
    /// <param name="signed">The signed order, as it came.</param>
    public ServingAnswer Offer(ReadOnlySpan<byte> signed)
    {
        lock (_gate)
        {
            ServingOrder order;
            VerifyingKey signer;
            try
            {
                (order, signer) = ServingOrder.Read(signed);
            }
            catch (FormatException fault)
            {
                _refused(fault.Message);
                return new ServingAnswer(Sha256Digest.Of(signed), ServingState.OrderWrong, [], _journal.Now);
            }

            if (_journal.Broken is not null)
                return new ServingAnswer(order.Digest, ServingState.LogBroken, [], _journal.Now);
            Remember(order, signer.Fingerprint, signed);
            try
            {
                return Follow(order, signer.Fingerprint, signed);
            }
            catch (IOException fault)
            {
                _refused(fault.Message);
                return new ServingAnswer(order.Digest, ServingState.StorageFull, [], _journal.Now);
            }
        }
    }

    /// <summary>What became of each order that is followed.</summary>
    public IReadOnlyList<ServingAnswer> Answers()
    {
        lock (_gate)
            return [.. Lines.All.Values.Where(line => line.Followed is not null).Select(Answer)];
    }

    /// <summary>What the site's scoring has withdrawn of what orders name.</summary>
    public IReadOnlyList<Withdrawal> Withdrawals()
    {
        lock (_gate)
            return [.. Lines.Withdrawals.Where(IsServed)];
    }

    /// <summary>Allows a line; what was allowed of it before holds no more.</summary>
    /// <param name="line">The line.</param>
    /// <param name="signer">Fingerprint of the one key whose orders and models count.</param>
    /// <param name="modes">What it may do.</param>
    /// <param name="steward">Who allows it.</param>
    /// <param name="note">Their note.</param>
    /// <param name="report">How often what it did is told: a word of <see cref="ReportSchedules"/>.</param>
    /// <param name="outcomesAfter">Days after the end of a window that outcomes are waited for.</param>
    /// <exception cref="StewardException">It is not a line, or a mode or the schedule is none, or there are too many.</exception>
    public void Allow(
        string line, string signer, IReadOnlyCollection<string> modes, string steward, string note, string report = "none", int outcomesAfter = ReportSchedules.OutcomesAfter)
    {
        ArgumentNullException.ThrowIfNull(modes);
        if (!Name.IsName(line))
            throw new StewardException($"'{line}' is no model's name: {Name.Rule}.");
        if (!FingerprintText.TryRead(signer, out var key))
            throw new StewardException($"'{signer}' is not a whole fingerprint: 64 hexadecimal digits, as the consortium's admin reads them out from 'fcml models verify'. A part of one does not do: it can be met by another key.");
        if (!ServingEntries.TryModes(modes, out _, out _))
            throw new StewardException($"A mode is none of {string.Join(", ", Enum.GetValues<RolloutMode>().Select(mode => mode.Word()))} and {ServingAllowance.ProductionWord}, or there is none.");
        if (!ReportSchedules.TryParse(report, out var schedule))
            throw new StewardException($"'{report}' is none of {string.Join(", ", Enum.GetValues<ReportSchedule>().Select(known => known.Word()))}.");
        if (outcomesAfter is < ReportSchedules.LeastOutcomesAfter or > ReportSchedules.MostOutcomesAfter)
            throw new StewardException($"Outcomes are waited for {ReportSchedules.LeastOutcomesAfter} to {ReportSchedules.MostOutcomesAfter} days.");
        lock (_gate)
        {
            if (Lines.All.Values.Count(known => known.Allowance is not null && known.Line != line) >= Shelf.MaximumLines)
                throw new StewardException($"{Shelf.MaximumLines} lines are allowed, which are as many as there can be. Forbid one first.");
            Decide(line, ServingEntries.Allowed, ServingEntries.Allow(line, key, modes.Distinct().Order(StringComparer.Ordinal), schedule, outcomesAfter, steward, note));
        }
    }

    /// <summary>Takes a line off the shelf, and forgets what was ordered of it.</summary>
    /// <exception cref="StewardException">It is not allowed.</exception>
    public void Forbid(string line, string steward, string note)
    {
        lock (_gate)
        {
            RequireAllowed(line);
            Decide(line, ServingEntries.Forbidden, ServingEntries.Decide(line, steward, note));
        }
    }

    /// <summary>Stops a line: nothing of it answers.</summary>
    /// <param name="line">The line.</param>
    /// <param name="steward">Who stops it.</param>
    /// <param name="reason">Why; whoever asks for a score reads it.</param>
    /// <exception cref="StewardException">It is not allowed, or there is no reason, or one that is too long.</exception>
    public void Stop(string line, string steward, string reason)
    {
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > ShelfLine.LongestReason)
            throw new StewardException($"A reason is needed, of at most {ShelfLine.LongestReason} characters: whoever asks for a score reads it.");
        lock (_gate)
        {
            RequireAllowed(line);
            Decide(line, ServingEntries.Stopped, ServingEntries.Decide(line, steward, reason));
        }
    }

    /// <summary>Resumes a line.</summary>
    /// <exception cref="StewardException">It is not stopped.</exception>
    public void Resume(string line, string steward, string note)
    {
        lock (_gate)
        {
            _journal.RequireSound();
            if (Lines.Of(line).Stopped is null)
                throw new StewardException($"'{line}' is not stopped.");
            Decide(line, ServingEntries.Resumed, ServingEntries.Decide(line, steward, note));
        }
    }

    /// <summary>Takes down what the site's scoring has withdrawn since.</summary>
    public void CheckWithdrawn()
    {
        var logged = new List<Withdrawal>();
        lock (_gate)
        {
            if (_journal.Broken is not null)
                return;
            // Of what no order names there is nothing to withdraw: the scoring program's account fills no log with it.
            var found = _store.Withdrawals(out var unreadable);
            if (unreadable > _unreadable)
                _refused($"{unreadable} files in {ServingPaths.Withdrawn} are no withdrawals, or cannot be read by this account.");
            _unreadable = unreadable;
            foreach (var withdrawal in found.Where(withdrawal => IsServed(withdrawal) && !Lines.Withdrawals.Contains(withdrawal)))
            {
                _journal.Append(ServingEntries.Withdrawn, ServingEntries.Withdraw(withdrawal));
                logged.Add(withdrawal);
            }
        }

        logged.ForEach(withdrawal => WithdrawnHere?.Invoke(withdrawal));
    }

    /// <summary>Takes down withdrawals again and again: the scoring program has no way to call.</summary>
    /// <param name="every">How often.</param>
    /// <param name="time">The clock.</param>
    /// <param name="notLogged">Hears why a withdrawal could not be logged.</param>
    /// <returns>Ends it.</returns>
    public IDisposable CheckWithdrawnEvery(TimeSpan every, TimeProvider time, Action<string> notLogged)
    {
        ArgumentNullException.ThrowIfNull(time);
        return time.CreateTimer(
            _ =>
            {
                try
                {
                    CheckWithdrawn();
                }
                catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
                {
                    notLogged(fault.Message); // a full disk, or a folder that this account may not list: it is tried again
                }
            },
            null, TimeSpan.Zero, every);
    }

    /// <summary>Each line that anything was decided or offered of: with what is on the shelf of it, who has signed the newest order that came, and what became of it.</summary>
    /// <exception cref="StewardException">The log is broken.</exception>
    public IReadOnlyList<(ServedLine Line, ShelfLine? OnShelf, Sha256Digest? OfferedBy, ServingState? State)> List()
    {
        lock (_gate)
        {
            _journal.RequireSound();
            return
            [
                .. Lines.All.Keys.Union(_offered.Keys).Order(StringComparer.Ordinal).Select(Lines.Of).Select(line => (
                    line, OnShelf(line), _offered.TryGetValue(line.Line, out var offered) ? offered.Signer : (Sha256Digest?)null,
                    _offered.ContainsKey(line.Line) ? Answer(line, offered.Order, offered.Signer).State : line.Followed is null ? (ServingState?)null : Answer(line).State)),
            ];
        }
    }

    // With the gate held.
    private ServingAnswer Follow(ServingOrder order, Sha256Digest signer, ReadOnlySpan<byte> signed)
    {
        var line = Lines.Of(order.Line);
        if (Answer(line, order, signer) is { State: ServingState.SignerOther or ServingState.OrderStale } refused)
        {
            if (!line.Refused.Contains(refused.Order))
            {
                _journal.Append(ServingEntries.Refused, ServingEntries.Refuse(order, signer, line.Allowance!.Signer, refused.State));
                _refused(refused.State == ServingState.SignerOther
                    ? $"The order {order.Sequence} for {order.Line} is signed by the key {signer}; allowed is {line.Allowance.Signer}. Two coordinators seem to claim the line: ask both admins."
                    : $"The order {order.Sequence} for {order.Line} is not newer than {line.Followed!.Order.Sequence}, which is followed.");
            }

            return refused;
        }

        if (line.Allowance is not null && line.Followed?.Order.Digest != order.Digest)
        {
            _journal.Append(ServingEntries.Ordered, ServingEntries.Order(signed)); // before the shelf
            FaultPoint.Reached("worker-serving-ordered");
        }

        TakeIn(order.Line);
        Arrange();
        return Answer(Lines.Of(order.Line), order, signer);
    }

    // With the gate held: what is said of an order, as things are.
    private ServingAnswer Answer(ServedLine line, ServingOrder order, Sha256Digest signer)
    {
        if (line.Allowance is not { } allowance)
            return Say(ServingState.NotAllowed);
        if (allowance.Signer != signer)
            return Say(ServingState.SignerOther);
        return line.Followed is { } followed && (order.Sequence < followed.Order.Sequence || (order.Sequence == followed.Order.Sequence && order.Digest != followed.Order.Digest)) ? Say(ServingState.OrderStale) : Answer(line);

        ServingAnswer Say(ServingState state) => new(order.Digest, state, [], _journal.Now);
    }

    // With the gate held: of the order that is followed.
    private ServingAnswer Answer(ServedLine line)
    {
        if (line.Followed is not { } followed)
            return new ServingAnswer(default, ServingState.NotAllowed, [], _journal.Now);
        ImmutableArray<Sha256Digest> missing = [.. line.Wanted.Models.Where(model => !_store.Has(model, line.Line, followed.Signer))];
        var state = line.Stopped is not null ? ServingState.Stopped
            : missing.Any(_wrong.Contains) ? ServingState.ModelWrong
            : !missing.IsEmpty ? ServingState.FilesMissing
            : line.Wanted != followed.Order.Serves ? ServingState.ModeNotAllowed
            : ServingState.OnShelf;
        return new ServingAnswer(followed.Order.Digest, state, missing, followed.At);
    }

    // With the gate held. Another account writes there: nothing is believed that is not signed.
    private void TakeIn(string name)
    {
        var line = Lines.Of(name);
        if (line.Followed is not { } followed)
            return;
        foreach (var model in line.Wanted.Models.Where(model => !_store.Has(model, name, followed.Signer)))
        {
            _wrong.Remove(model);
            if (!IsHere(ModelFileNames.Manifest))
                continue;
            var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            try
            {
                var wanted = ModelManifest.Read(Incoming(ModelFileNames.Manifest)).Entry.Served;
                if (!wanted.All(IsHere))
                    continue;
                foreach (var file in wanted)
                    files[file] = Incoming(file);
                var read = ServedModel.Read(model, followed.Signer, files.GetValueOrDefault);
                if (read.Entry.Name != name)
                    throw new FormatException($"The model is one of {read.Entry.Name}, and the order is for {name}.");
                _store.Put(read, file => files[file]);
                FaultPoint.Reached("worker-model-taken-in");
            }
            catch (FormatException fault)
            {
                _wrong.Add(model);
                _refused($"The model {model.Short} of {name} is not what was signed: {fault.Message}");
            }

            bool IsHere(string file) => _exchange.Exists($"{ExchangePaths.IncomingModel(model)}/{file}");

            byte[] Incoming(string file) => DurableFile.Read(_exchange, $"{ExchangePaths.IncomingModel(model)}/{file}", LongestFile);
        }
    }

    // With the gate held: the shelf that follows from the log.
    private void Arrange()
    {
        ImmutableArray<ShelfLine> lines = [.. Lines.All.Values.Select(OnShelf).OfType<ShelfLine>().OrderBy(line => line.Line, StringComparer.Ordinal)];
        _store.Write(new Shelf(_site, _journal.Now, lines), Lines.All.Values.SelectMany(line => line.Wanted.Models).ToHashSet());
    }

    private ShelfLine? OnShelf(ServedLine line) => line.OnShelf((model, signer) => _store.Has(model, line.Line, signer));

    // With the gate held. What the steward has decided is in the log, whatever the disk says of the shelf; then the line's order counts anew.
    private void Decide(string line, string kind, JsonObject body)
    {
        _journal.Append(kind, body);
        ServingAnswer? answer = null;
        try
        {
            if (_offered.TryGetValue(line, out var offered))
            {
                answer = Follow(offered.Order, offered.Signer, offered.Signed);
            }
            else
            {
                TakeIn(line);
                answer = Lines.Of(line).Followed is null ? null : Answer(Lines.Of(line));
            }

            Arrange();
        }
        catch (IOException fault)
        {
            throw new StewardException($"It is decided and logged, but the shelf could not be written: {fault.Message} Make room, and start the worker again: it writes the shelf from its log.");
        }

        if (answer is not null)
            Changed?.Invoke(answer);
    }

    private void RequireAllowed(string line)
    {
        _journal.RequireSound();
        if (Lines.Of(line).Allowance is null)
            throw new StewardException($"'{line}' is not allowed here; 'site-worker models list' shows what is, and what was offered.");
    }

    private bool IsServed(Withdrawal withdrawal) => Lines.Of(withdrawal.Line).Wanted.Models.Contains(withdrawal.Model);

    private void Remember(ServingOrder order, Sha256Digest signer, ReadOnlySpan<byte> signed)
    {
        var known = _offered.TryGetValue(order.Line, out var before);
        if (known ? before.Signer != signer || before.Order.Sequence <= order.Sequence : _offered.Count < Shelf.MaximumLines)
            _offered[order.Line] = (order, signer, signed.ToArray());
    }
}
