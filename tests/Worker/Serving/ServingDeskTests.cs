using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning.Serving;

namespace FederatedClinicalMl.Tests.Worker.Serving;

/// <summary>What comes onto a site's shelf, and what does not.</summary>
public sealed class ServingDeskTests : IDisposable
{
    private readonly Site _site = new();
    private readonly Orders _orders = new();

    public void Dispose()
    {
        _site.Dispose();
        _orders.Dispose();
    }

    [Fact]
    public void Line_that_no_steward_has_allowed_is_not_on_the_shelf_and_comes_onto_it_when_one_does()
    {
        _orders.Bring(_site, 1);

        Assert.Equal(ServingState.NotAllowed, Offer(1, 1));
        Assert.Null(Orders.OnShelf(_site));
        Assert.DoesNotContain(ServingEntries.Ordered, _site.Kinds);

        ServingAnswer? said = null;
        _site.Models.Changed += answer => said = answer;
        _orders.Allow(_site);

        Assert.Equal(ServingState.OnShelf, said?.State);
        Assert.Equal(("1.0.0", null, null), Orders.Served(_site));
    }

    [Fact]
    public void Order_whose_models_are_not_here_says_which_and_leaves_what_it_still_names()
    {
        _orders.Allow(_site);
        _orders.Bring(_site, 1);
        Assert.Equal(ServingState.OnShelf, Offer(1, 1));

        var answer = _site.Models.Offer(_orders.Of(2, 2, fallback: 1, candidate: 3));

        Assert.Equal((ServingState.FilesMissing, 2), (answer.State, answer.Missing.Length));
        Assert.Equal(("1.0.0", null, null), Orders.Served(_site)); // the version that it was, which the order names as the fallback
        _orders.Bring(_site, 2, 3);
        Assert.Equal(ServingState.OnShelf, Offer(2, 2, 1, 3));
        Assert.Equal(("2.0.0", "1.0.0", "3.0.0 shadow"), Orders.Served(_site));
    }

    [Fact]
    public void Rollback_takes_the_version_off_at_once_whatever_is_still_to_come()
    {
        _orders.Allow(_site);
        _orders.Bring(_site, 2, 3);
        Offer(1, 3, fallback: 2);

        Assert.Equal(ServingState.FilesMissing, Offer(2, 2, fallback: 1)); // 1 was never here
        Assert.Equal(("2.0.0", null, null), Orders.Served(_site));
        Assert.Equal(ServingState.FilesMissing, Offer(3, 1));
        Assert.Equal((null, null, null), Orders.Served(_site)); // better no score than one of a version that was taken back
        Assert.Equal(ServingState.OnShelf, Offer(4, 0));
    }

    [Fact]
    public void Order_that_is_replayed_or_is_another_of_the_same_number_is_refused_and_logged_once()
    {
        _orders.Allow(_site);
        _orders.Bring(_site, 1, 2);
        var old = _orders.Of(1, 1);
        _site.Models.Offer(old);
        Offer(2, 2);

        Assert.Equal([ServingState.OrderStale, ServingState.OrderStale], [_site.Models.Offer(old).State, _site.Models.Offer(old).State]);
        Assert.Equal(ServingState.OrderStale, Offer(2, 1));
        Assert.Equal(ServingState.OnShelf, _site.Models.Offer(_orders.Of(2, 2)).State); // the same, signed anew

        Assert.Equal(("2.0.0", null, null), Orders.Served(_site));
        Assert.Equal(2, _site.Kinds.Count(kind => kind == ServingEntries.Refused));
        _site.Restart();
        Assert.Equal(ServingState.OrderStale, _site.Models.Offer(old).State);
        Assert.Equal(2, _site.Kinds.Count(kind => kind == ServingEntries.Refused));
    }

    [Fact]
    public void Order_of_a_second_coordinator_is_refused_and_both_keys_are_named()
    {
        using var other = new Orders();
        _orders.Allow(_site);
        _orders.Bring(_site, 1);
        Offer(1, 1);

        Assert.Equal(ServingState.SignerOther, _site.Models.Offer(other.Of(9, 1)).State);

        var said = Assert.Single(_site.Refused);
        Assert.All([_orders, other], orders => Assert.Contains(orders.Key.PublicKey.Fingerprint.ToString(), said, StringComparison.Ordinal));
        Assert.Equal(("1.0.0", null, null), Orders.Served(_site));
        Assert.Equal(ServingState.OrderWrong, _site.Models.Offer(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(_orders.Of(2, 1)).Replace("\"sequence\":2", "\"sequence\":3", StringComparison.Ordinal))).State);
    }

    [Fact]
    public void Model_of_which_one_byte_was_changed_on_the_way_is_not_put_on_the_shelf()
    {
        _orders.Allow(_site);
        _orders.Bring(_site, 1);
        var path = $"{ExchangePaths.IncomingModel(_orders.Model(1))}/{ModelFileNames.Onnx}";
        var content = DurableFile.Read(_site.Exchange, path);
        content[^1] ^= 1;
        DurableFile.Write(_site.Exchange, path, content);

        var answer = _site.Models.Offer(_orders.Of(1, 1));

        Assert.Equal((ServingState.ModelWrong, _orders.Model(1)), (answer.State, Assert.Single(answer.Missing)));
        Assert.Equal((null, null, null), Orders.Served(_site));
        _orders.Bring(_site, 1);
        Assert.Equal(ServingState.OnShelf, Offer(1, 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Model_of_another_signer_or_another_line_is_not_put_on_the_shelf(bool signer)
    {
        using var other = SigningKey.Create();
        var (model, files) = signer ? MadeModel.Of(other) : MadeModel.Of(_orders.Key, name: "lungs");
        _orders.Allow(_site);
        _site.Exchange.CreateDirectory(ExchangePaths.IncomingModel(model));
        foreach (var (name, content) in files)
            DurableFile.Write(_site.Exchange, $"{ExchangePaths.IncomingModel(model)}/{name}", content);
        var order = new ServingOrder("c0", Orders.Line, 1, ServedModels.Of(new ServedVersion(ModelVersion.First, model), null, null), DateTimeOffset.UnixEpoch);

        Assert.Equal(ServingState.ModelWrong, _site.Models.Offer(order.Sign(_orders.Key)).State);
        Assert.Equal((null, null, null), Orders.Served(_site));
    }

    [Theory]
    [InlineData("shadow", "1.0.0 shadow", null)]
    [InlineData("production", null, "2.0.0")]
    [InlineData("canary,production", null, "2.0.0")]
    [InlineData("shadow,production", "1.0.0 shadow", "2.0.0")]
    public void Site_serves_as_much_of_an_order_as_it_allows(string modes, string? candidate, string? production)
    {
        _orders.Bring(_site, 1, 2);
        _orders.Allow(_site, modes);

        Assert.Equal(candidate is not null && production is not null ? ServingState.OnShelf : ServingState.ModeNotAllowed, Offer(1, 2, candidate: 1));

        Assert.Equal((production, null, candidate), Orders.Served(_site));
        _orders.Allow(_site, "ab"); // less: what is not allowed any more is gone at once
        Assert.Equal((null, null, null), Orders.Served(_site));
    }

    [Fact]
    public void Forbidden_line_is_off_the_shelf_at_once_and_what_was_ordered_is_forgotten()
    {
        _orders.Allow(_site);
        _orders.Bring(_site, 1);
        Offer(7, 1);

        _site.Models.Forbid(Orders.Line, "grace", "Not for this ward");

        Assert.Null(Orders.OnShelf(_site));
        Assert.Equal(ServingState.NotAllowed, Offer(7, 1));
        Assert.Throws<StewardException>(() => _site.Models.Forbid(Orders.Line, "grace", ""));
        _site.Restart();
        _orders.Allow(_site);
        Assert.Equal(ServingState.OnShelf, Offer(3, 1)); // of a coordinator that was restored from a backup
    }

    [Fact]
    public void Stopped_line_stays_on_the_shelf_with_the_reason_until_it_is_resumed()
    {
        Assert.Throws<StewardException>(() => _site.Models.Stop(Orders.Line, "grace", "Alarms"));
        _orders.Allow(_site);
        _orders.Bring(_site, 1);
        Offer(1, 1);
        Assert.Throws<StewardException>(() => _site.Models.Stop(Orders.Line, "grace", " "));

        _site.Models.Stop(Orders.Line, "grace", "Alarms on the ward");

        Assert.Equal("Alarms on the ward", Orders.OnShelf(_site)!.Stopped);
        Assert.Equal(ServingState.Stopped, Offer(1, 1));
        _site.Restart();
        Assert.Equal("Alarms on the ward", Orders.OnShelf(_site)!.Stopped);
        _site.Models.Resume(Orders.Line, "grace", "");
        Assert.Null(Orders.OnShelf(_site)!.Stopped);
        Assert.Throws<StewardException>(() => _site.Models.Resume(Orders.Line, "grace", ""));
    }

    [Fact]
    public void Withdrawal_of_what_is_served_is_logged_once_and_anything_else_in_its_folder_is_not()
    {
        var heard = new List<Withdrawal>();
        _site.Models.WithdrawnHere += heard.Add;
        _orders.Allow(_site);
        _orders.Bring(_site, 1);
        Offer(1, 1);
        _site.Serving.CreateDirectory(ServingPaths.Withdrawn);
        var withdrawal = new Withdrawal(Orders.Line, _orders.Model(1), WithdrawalReason.Calibration, DateTimeOffset.UnixEpoch.AddDays(20_000));
        Write(withdrawal.Model, withdrawal.Write());
        Write(_orders.Model(2), (withdrawal with { Model = _orders.Model(2) }).Write()); // no order names it
        Write(_orders.Model(3), withdrawal.Write());
        Write(_orders.Model(4), "{\"patient\":\"Ada\"}"u8.ToArray());

        _site.Models.CheckWithdrawn();
        _site.Models.CheckWithdrawn();

        Assert.Equal([withdrawal], heard);
        Assert.Equal([withdrawal], _site.Models.Withdrawals());
        Assert.Single(_site.Kinds, kind => kind == ServingEntries.Withdrawn);
        Assert.DoesNotContain(_site.Refused, said => said.Contains("Ada", StringComparison.Ordinal));
        _site.Restart();
        _site.Models.CheckWithdrawn();
        Assert.Single(_site.Kinds, kind => kind == ServingEntries.Withdrawn);

        void Write(Sha256Digest model, byte[] content) => DurableFile.Write(_site.Serving, ServingPaths.Withdrawal(model), content);
    }

    [Fact]
    public void Model_that_neither_an_order_nor_the_shelf_before_names_is_removed_and_others_stay()
    {
        _orders.Allow(_site);
        _orders.Bring(_site, 1, 2, 3);
        Offer(1, 1);
        Offer(2, 2, fallback: 1);
        Offer(3, 3, fallback: 2);
        Assert.Equal(3, _site.Serving.ListDirectories(ServingPaths.Models).Count); // a reader of the shelf before may still be loading it

        Offer(4, 3);

        Assert.Equal(new[] { 2, 3 }.Select(number => _orders.Model(number).ToString()).Order(StringComparer.Ordinal), _site.Serving.ListDirectories(ServingPaths.Models));
    }

    [Fact]
    public void Broken_log_puts_nothing_on_the_shelf_and_takes_nothing_off()
    {
        _orders.Allow(_site);
        _orders.Bring(_site, 1);
        Offer(1, 1);
        var shelf = DurableFile.Read(_site.Serving, ServingPaths.Shelf);
        _site.Kill();
        var log = _site.LogFile;
        log[log.Length / 2] ^= 1;
        _site.LogFile = log;
        _site.Start();

        Assert.Equal(ServingState.LogBroken, Offer(2, 0));
        Assert.Equal(shelf, DurableFile.Read(_site.Serving, ServingPaths.Shelf));
        Assert.Throws<StewardException>(() => _orders.Allow(_site));
    }

    [Fact]
    public void Full_disk_is_said_and_what_is_served_stays()
    {
        _orders.Allow(_site);
        _orders.Bring(_site, 1, 2);
        Offer(1, 1);
        _site.Serving.Capacity = _site.Serving.Used + 10;

        Assert.Equal(ServingState.StorageFull, Offer(2, 2, fallback: 1));
        Assert.Equal(("1.0.0", null, null), Orders.Served(_site));
        _site.Serving.Capacity = null;
        Assert.Equal(ServingState.OnShelf, Offer(2, 2, fallback: 1));
    }

    private ServingState Offer(long sequence, int production, int fallback = 0, int candidate = 0) => _site.Models.Offer(_orders.Of(sequence, production, fallback, candidate)).State;
}
