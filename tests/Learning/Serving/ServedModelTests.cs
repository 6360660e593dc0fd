using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Serving;

public sealed class ServedModelTests : IDisposable
{
    private readonly SigningKey _key = SigningKey.Create();

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Model_that_is_whole_is_read()
    {
        var (model, files) = MadeModel.Of(_key);

        var read = ServedModel.Read(model, _key.PublicKey.Fingerprint, files.GetValueOrDefault);

        Assert.Equal(model, read.Entry.Digest);
        Assert.Equal(files[ModelFileNames.Onnx], read.Onnx);
        Assert.Equal("age", read.Study.Data.Features.Single().Name);
        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), read.Entry.Served.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Model_of_which_any_byte_was_changed_or_a_file_is_missing_is_refused()
    {
        var (model, files) = MadeModel.Of(_key);

        foreach (var (name, content) in files)
        {
            Assert.Contains(name, Assert.Throws<FormatException>(() => ServedModel.Read(model, null, file => file == name ? null : files[file])).Message, StringComparison.Ordinal);
            for (var i = 0; i < content.Length; i++)
            {
                byte[] changed = [.. content];
                changed[i] ^= 1;
                Assert.ThrowsAny<FormatException>(() => ServedModel.Read(model, null, file => file == name ? changed : files[file]));
            }
        }
    }

    [Fact]
    public void Model_that_another_key_has_signed_is_refused_and_both_are_named()
    {
        using var other = SigningKey.Create();
        var (model, files) = MadeModel.Of(other);

        var fault = Assert.Throws<FormatException>(() => ServedModel.Read(model, _key.PublicKey.Fingerprint, files.GetValueOrDefault));

        Assert.Contains(_key.PublicKey.Fingerprint.ToString(), fault.Message, StringComparison.Ordinal);
        Assert.Contains(other.PublicKey.Fingerprint.ToString(), fault.Message, StringComparison.Ordinal);
    }
}
