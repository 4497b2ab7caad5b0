def test_a_context_becomes_a_queued_delivery(flow, parts):
    answer = flow.post("/v1/hooks/hello", json={"to": "+12025550143", "name": "Ada"})
    assert answer.status_code == 202, answer.text
    body = answer.json
    assert body == {
        "id": body["id"],
        "status": "queued",
        "template": "hello",
        "version": 1,
        "action": "attentive.messages.send",
    }
