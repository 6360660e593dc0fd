using System.Text;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Serving;

public sealed class ServingOrderTests : IDisposable
{
    private readonly SigningKey _key = SigningKey.Create();

    private static readonly ServingOrder s_order = new(
        "0123abcd", "heart", 42,
        ServedModels.Of(Version(1), Version(2), new ServedCandidate(Version(3), Rollout.Of(RolloutMode.Canary, 25))), DateTimeOffset.UnixEpoch.AddDays(20_000));

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Order_that_was_signed_is_read_as_it_was_and_has_one_digest_however_often_it_is_signed()
    {
        var (read, signer) = ServingOrder.Read(s_order.Sign(_key));

        Assert.Equal((s_order, _key.PublicKey.Fingerprint), (read, signer.Fingerprint));
        Assert.Equal(s_order.Digest, ServingOrder.Read(s_order.Sign(_key)).Order.Digest);
        Assert.NotEqual(s_order.Digest, (s_order with { Sequence = 43 }).Digest);
        Assert.InRange(new ServingOrder(new string('a', 64), new string('a', 63), 1L << 53, s_order.Serves, s_order.At).Sign(_key).Length, 1, ServingOrder.MaximumLength);
    }

    [Theory]
    [InlineData("\"sequence\":42", "\"sequence\":43")]
    [InlineData("\"sequence\":42", "\"sequence\":0")]
    [InlineData("\"line\":\"heart\"", "\"line\":\"lungs\"")]
    [InlineData("\"percent\":25", "\"percent\":50")]
    [InlineData("\"version\":\"1.0.0\"", "\"version\":\"4.0.0\"")]
    [InlineData("{\"key\"", "{\"extra\":1,\"key\"")]
    public void Order_that_was_changed_is_refused(string from, string to)
    {
        var signed = Encoding.UTF8.GetString(s_order.Sign(_key));
        var changed = signed.Replace(from, to, StringComparison.Ordinal);

        Assert.NotEqual(signed, changed);
        Assert.Throws<FormatException>(() => ServingOrder.Read(Encoding.UTF8.GetBytes(changed)));
    }

    [Theory]
    [InlineData("not-a-Line")]
    [InlineData("../heart")]
    public void Order_for_what_is_no_line_is_refused_whoever_has_signed_it(string line) => Assert.Throws<FormatException>(() => ServingOrder.Read((s_order with { Line = line }).Sign(_key)));

    private static ServedVersion Version(int major) => new(new ModelVersion(major, 0, 0), Sha256Digest.Of([(byte)major]));
}
