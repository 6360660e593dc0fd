using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// The part of <see cref="GatewayCore"/> that brings what is to be served to the worker: orders as the coordinator sends them, models that the worker finds missing, and what became of both back again. It decides nothing
/// about them, and keeps no truth: the coordinator sends every order at the beginning of a session, and the worker says what is missing as often as it is asked.
/// </summary>
/// <param name="act">Takes an action.</param>
/// <param name="incoming">Models, whole or in part, that an earlier life left in the incoming directory.</param>
internal sealed class ServingCore(Action<GatewayAction> act, IEnumerable<Sha256Digest> incoming)
{
    private readonly Dictionary<string, OfferedOrder> _orders = []; // by line
    private readonly HashSet<string> _ofSession = []; // lines of which an order came on this session
    private readonly Dictionary<string, ServingReport> _reports = []; // said on this session
    private readonly Dictionary<(Sha256Digest Model, long At), ModelWithdrawn> _withdrawals = [];
    private readonly HashSet<Sha256Digest> _fetching = [];
    private readonly HashSet<Sha256Digest> _arrived = [];
    private readonly HashSet<Sha256Digest> _fetchedAnew = []; // came wrong once: what comes wrong twice is not the coordinator's order
    private readonly HashSet<Sha256Digest> _incoming = [.. incoming];
    private bool _workerThere;
    private bool _asked; // the coordinator has sent an order on this session, so that it knows what a report is

    public void OnWorkerFound()
    {
        var returned = !_workerThere;
        _workerThere = true;
        foreach (var order in returned ? [.. _orders.Values] : Array.Empty<OfferedOrder>())
            act(new HandOverOrder(order));
    }

    public void OnWorkerLost() => _workerThere = false;

    public void OnSessionOpened()
    {
        _asked = false;
        _ofSession.Clear();
        _reports.Clear();
        _fetchedAnew.Clear();
    }

    public void OnSessionClosed() => _asked = false;

    public void OnOrdered(OfferedOrder order)
    {
        if (!_asked)
        {
            _asked = true;
            foreach (var withdrawal in _withdrawals.Values)
                act(new SendWithdrawal(withdrawal));
        }

        // Live orders may come before those that the session begins with: of one session the newest holds.
        if (_ofSession.Contains(order.Order.Line) && _orders[order.Order.Line].Order.Sequence > order.Order.Sequence)
            return;
        _ofSession.Add(order.Order.Line);
        _orders[order.Order.Line] = order;
        foreach (var unwanted in _incoming.Where(model => !_fetching.Contains(model) && !_orders.Values.Any(known => known.Order.Serves.Models.Contains(model))).Order().ToArray())
            Drop(unwanted);
        if (_workerThere)
            act(new HandOverOrder(order));
    }

    public void OnAnswered(OrderAnswered answer)
    {
        if (_orders.Values.FirstOrDefault(order => order.Digest == answer.Order) is not { } known)
            return; // of an order that another has taken the place of
        var order = known.Order;
        Report(new ServingReport { Line = order.Line, Order = order.Sequence, State = answer.State, SinceUnixSeconds = answer.SinceUnixSeconds });
        foreach (var model in order.Serves.Models.Where(model => _incoming.Contains(model) && !_fetching.Contains(model) && !answer.Missing.Contains(model)).Where(_ => IsSettled(answer.State)))
            Drop(model);
        foreach (var model in answer.Missing.Where(order.Serves.Models.Contains).Where(model => !_fetching.Contains(model)))
        {
            if (_arrived.Contains(model) && !_fetchedAnew.Add(model))
                continue;
            if (_arrived.Remove(model))
                Drop(model);
            _fetching.Add(model);
            _incoming.Add(model);
            act(new FetchModel(model));
        }
    }

    public void OnArrived(Sha256Digest model)
    {
        _fetching.Remove(model);
        _arrived.Add(model);
        if (!_workerThere)
            return;
        foreach (var order in _orders.Values.Where(order => order.Order.Serves.Models.Contains(model)).ToArray())
            act(new HandOverOrder(order));
    }

    public void OnFailed(Sha256Digest model)
    {
        _fetching.Remove(model);
        Drop(model);
    }

    public void OnWithdrawn(ModelWithdrawn withdrawal)
    {
        if (withdrawal.ModelDigest.Length != Sha256Digest.Length)
            return;
        var key = (new Sha256Digest(withdrawal.ModelDigest.Span), withdrawal.AtUnixSeconds);
        if (_withdrawals.TryAdd(key, withdrawal) && _asked)
            act(new SendWithdrawal(withdrawal));
    }

    // What the worker has on its shelf it has copied; what it does not allow it does not want.
    private static bool IsSettled(ServingReport.Types.State state) =>
        state is ServingReport.Types.State.OnShelf or ServingReport.Types.State.ModeNotAllowed or ServingReport.Types.State.NotAllowed or ServingReport.Types.State.Stopped;

    private void Report(ServingReport report)
    {
        if (!_asked || (_reports.TryGetValue(report.Line, out var said) && said.Equals(report)))
            return;
        _reports[report.Line] = report;
        act(new SendServing(report));
    }

    private void Drop(Sha256Digest model)
    {
        _incoming.Remove(model);
        _arrived.Remove(model);
        act(new DropModel(model));
    }
}
