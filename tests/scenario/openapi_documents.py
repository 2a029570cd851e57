"""What openapi_test.py asks of documents and boards."""


def documents_ask(asked):
    text = {"media": "text/markdown"}
    asked.ask("putDocument", "PUT", "/v1/documents/made?title=Made&attach=branch:made", "# A fire pump", 200, **text)
    asked.ask("putDocument", "PUT", "/v1/documents/made", "a second one", 200, media="text/plain",
              headers=[("Idempotency-Key", "documents-1")])
    asked.ask("putDocument", "PUT", "/v1/documents/made?attach=type:never", "x", 400, **text)
    asked.ask("putDocument", "PUT", "/v1/documents/" + "n" * 129, "x", 422, **text)
    asked.ask("listDocuments", "GET", "/v1/documents?limit=1&attached=branch:made", None, 200)
    asked.ask("listDocuments", "GET", "/v1/documents?search=made", None, 200)
    asked.ask("listDocuments", "GET", "/v1/documents?search=" + "n" * 257, None, 400)
    asked.ask("getDocument", "GET", "/v1/documents/made", None, 200)
    asked.ask("getDocument", "GET", "/v1/documents/never", None, 404)
    asked.ask("getDocumentContent", "GET", "/v1/document-content/made?version=1", None, 200)
    asked.ask("getDocumentContent", "GET", "/v1/document-content/made?version=7", None, 404)
    asked.ask("changeDocument", "PATCH", "/v1/documents/made", {"title": "Other", "attached": []}, 200)
    asked.ask("changeDocument", "PATCH", "/v1/documents/made", {"attached": ["made"]}, 422)
    asked.ask("changeDocument", "PATCH", "/v1/documents/never", {"title": "Other"}, 404)
    asked.ask("removeDocument", "DELETE", "/v1/documents/made", None, 200)
    asked.ask("removeDocument", "DELETE", "/v1/documents/made", None, 404)
    asked.ask("putBoard", "PUT", "/v1/boards/made", {"title": "Made", "shared": True, "widgets": [{"kind": "line"}]}, 200)
    asked.ask("putBoard", "PUT", "/v1/boards/made", {"widgets": {}}, 422)
    asked.ask("listBoards", "GET", "/v1/boards?limit=1", None, 200)
    asked.ask("getBoard", "GET", "/v1/boards/made", None, 200)
    asked.ask("getBoard", "GET", "/v1/boards/never", None, 404)
    asked.ask("removeBoard", "DELETE", "/v1/boards/made", None, 200)
    asked.ask("removeBoard", "DELETE", "/v1/boards/made", None, 404)
