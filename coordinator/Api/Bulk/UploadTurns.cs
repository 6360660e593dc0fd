using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Api.Bulk;

/// <summary>
/// One upload per site at a time; a newer one wins, because the older one's connection is most likely dead without anybody having
/// noticed yet.
/// </summary>
public sealed class UploadTurns
{
    private readonly Lock _guard = new(); // guards the dictionary
    private readonly Dictionary<SiteId, Turn> _turns = [];

    /// <summary>Ends the site's present upload, and returns once it has ended.</summary>
    /// <param name="site">The site.</param>
    /// <param name="aborted">The new upload's own connection.</param>
    public async Task<Turn> TakeAsync(SiteId site, CancellationToken aborted)
    {
        var mine = new Turn(this, site, aborted);
        Turn? before;
        lock (_guard)
        {
            _turns.TryGetValue(site, out before);
            _turns[site] = mine;
        }

        if (before is not null)
            await before.ReplaceAsync();
        return mine;
    }

    /// <summary>A site's right to upload, until disposed.</summary>
    public sealed class Turn : IDisposable
    {
        private readonly UploadTurns _turns;
        private readonly SiteId _site;
        private readonly CancellationTokenSource _stop;
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _over; // guarded

        internal Turn(UploadTurns turns, SiteId site, CancellationToken aborted)
        {
            (_turns, _site) = (turns, site);
            _stop = CancellationTokenSource.CreateLinkedTokenSource(aborted);
            Stop = _stop.Token;
        }

        /// <summary>Fires when a newer upload takes over, or the connection is gone.</summary>
        public CancellationToken Stop { get; }

        /// <inheritdoc/>
        public void Dispose()
        {
            lock (_turns._guard)
            {
                if (_turns._turns.TryGetValue(_site, out var present) && present == this)
                    _turns._turns.Remove(_site);
                _over = true;
                _stop.Dispose();
            }

            _ended.TrySetResult();
        }

        internal Task ReplaceAsync()
        {
            lock (_turns._guard)
            {
                if (!_over)
                    _ = _stop.CancelAsync(); // its callbacks run elsewhere: none may need the guard that is held here
            }

            return _ended.Task;
        }
    }
}
