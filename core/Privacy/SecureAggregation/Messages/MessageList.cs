using System.Collections.Immutable;

namespace FederatedClinicalMl.Privacy;

/// <summary>Messages one after the other, each with its length before it: what a step of a round came to, where it is no message itself.</summary>
public static class MessageList
{
    /// <summary>The bytes of messages.</summary>
    public static byte[] Join(IEnumerable<AggregationMessage> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var writer = new ByteWriter();
        foreach (var message in messages)
            writer.Part(message.Encode());
        return writer.ToArray();
    }

    /// <summary>Reads bytes that anybody may have sent.</summary>
    /// <returns>At most <see cref="MemberList.MaximumCount"/> messages of one type; null where the bytes are none. Never throws.</returns>
    public static ImmutableArray<T>? Split<T>(ReadOnlySpan<byte> bytes)
        where T : AggregationMessage
    {
        var reader = new ByteReader(bytes);
        var messages = ImmutableArray.CreateBuilder<T>();
        while (reader.Ok && !reader.IsAtEnd && messages.Count < MemberList.MaximumCount)
        {
            if (AggregationMessage.Read(reader.Part()) is T message)
                messages.Add(message);
            else
                reader.Require(false);
        }

        return reader.IsAtEnd ? messages.ToImmutable() : null;
    }
}
